package main

import (
	"runtime"
	"runtime/debug"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
)

func (p *program) versionCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "version",
		Usage: "version, commit and Go version",
		Action: func(c *urfave.Context) error {
			v := struct {
				Version string `json:"version"`
				Commit  string `json:"commit"`
				Go      string `json:"go"`
				System  string `json:"system"`
			}{version, commitText(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			return p.Show(c, v, func(o *cli.Out) {
				o.Printf("grapevine %s\ncommit    %s\n%s %s\n", v.Version, v.Commit, v.Go, v.System)
			})
		},
	}
}

// commitText is what the linker was told, or what Go noted at the build.
func commitText() string {
	if commit != "" {
		return commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if revision == "" {
		return "unknown"
	}
	return revision + dirty
}

// versionText is both in a few characters, for the log.
func versionText() string { return version + " (" + commitText() + ")" }
