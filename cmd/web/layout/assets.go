package layout

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets
var assetFiles embed.FS

// AssetPath is where all assets lie: /assets/HASH/NAME never changes, /assets/NAME is asked for again.
const AssetPath = "/assets/"

// assets are the files that pages load. HASH is of all of them, so that modules find each other by ./NAME.
type assets struct {
	hash  string
	files map[string][]byte
}

// readAssets reads what was compiled in.
func readAssets() *assets {
	a := &assets{files: map[string][]byte{}}
	sum := sha256.New()
	_ = fs.WalkDir(assetFiles, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(assetFiles, name)
		a.files[strings.TrimPrefix(name, "assets/")] = raw
		sum.Write([]byte(name + "\x00"))
		sum.Write(raw)
		return err
	})
	a.hash = hex.EncodeToString(sum.Sum(nil))[:16]
	return a
}

func (a *assets) url(name string) string { return AssetPath + a.hash + "/" + name }

// mediaType is what the files here are.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// ServeAsset answers /assets/….
func (l *Layout) ServeAsset(w http.ResponseWriter, r *http.Request) {
	Harden(w.Header())
	assets := l.assets()
	name, fixed := strings.CutPrefix(strings.TrimPrefix(r.URL.Path, AssetPath), assets.hash+"/")
	raw, there := assets.files[name]
	if !there {
		http.Error(w, "there is no such asset", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", mediaType(name))
	w.Header().Set("ETag", `"`+assets.hash+`"`)
	w.Header().Set("Cache-Control", "no-cache")
	if fixed {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(raw))
}
