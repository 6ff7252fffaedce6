package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"grapevine/testnet/model"
)

func run(t *testing.T, cfg model.Config) *model.Result {
	t.Helper()
	r, err := model.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPictureIsWellFormedAndSaysItsNumbers(t *testing.T) {
	cfg := model.Default()
	cfg.Nodes, cfg.Outbound, cfg.Regions, cfg.Txs = 60, 6, true, 20
	r := run(t, cfg)
	var b bytes.Buffer
	if err := SVG(&b, r); err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(b.Bytes())); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"How news travels between 60 nodes", seconds(r.Blocks.Last), seconds(r.Txs.P50), "stroke-dasharray", "<desc"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
	if strings.Contains(b.String(), "NaN") {
		t.Error("the picture has a point that is nowhere")
	}
	if file := os.Getenv("GV_SVG"); file != "" {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPictureOfNothing(t *testing.T) {
	cfg := model.Default()
	cfg.Nodes, cfg.Outbound, cfg.Blocks, cfg.Txs = 4, 2, 0, 0
	var b bytes.Buffer
	if err := SVG(&b, run(t, cfg)); err != nil || strings.Contains(b.String(), "NaN") {
		t.Errorf("%v", err)
	}
}
