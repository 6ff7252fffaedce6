package main

import (
	"context"
	"fmt"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
)

// askForWords is what a shell's completion puts behind a line that is not finished yet, to
// be told what could come next.
const askForWords = "--generate-bash-completion"

// bashWords and zshWords ask the program itself, so they never go stale.
const bashWords = `# grapevine completion bash > /etc/bash_completion.d/grapevine
_grapevine() {
  local cur=${COMP_WORDS[COMP_CWORD]} line=("${COMP_WORDS[@]:0:COMP_CWORD}")
  [[ $cur == -* ]] && line+=("$cur")
  COMPREPLY=($(compgen -W "$("${line[@]}" ` + askForWords + ` 2>/dev/null)" -- "$cur"))
}
complete -o bashdefault -o default -F _grapevine grapevine
`

const zshWords = `#compdef grapevine
# grapevine completion zsh > "${fpath[1]}/_grapevine"
_grapevine() {
  local -a line found
  line=("${(@)words[1,CURRENT-1]}")
  [[ ${words[CURRENT]} == -* ]] && line+=("${words[CURRENT]}")
  found=("${(@f)$(_CLI_ZSH_AUTOCOMPLETE_HACK=1 "${line[@]}" ` + askForWords + ` 2>/dev/null)}")
  if [[ -n ${found[1]} ]]; then _describe values found; else _files; fi
}
compdef _grapevine grapevine
`

// comfortCommands are for shells and for people at a terminal.
func (p *program) comfortCommands() []*urfave.Command {
	return []*urfave.Command{
		{Name: "completion", Usage: "write what bash, zsh or fish complete command lines by", ArgsUsage: "bash|zsh|fish", Action: p.completion,
			Description: "  $ grapevine completion bash > /etc/bash_completion.d/grapevine\n  $ grapevine completion zsh > _grapevine\n  $ grapevine completion fish > ~/.config/fish/completions/grapevine.fish"},
		{Name: "man", Usage: "write the manual page", Action: p.man,
			Description: "  $ grapevine man | man -l -"},
	}
}

func (p *program) completion(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	text := ""
	switch args[0] {
	case "bash":
		text = bashWords
	case "zsh":
		text = zshWords
	case "fish":
		if text, err = p.app().ToFishCompletion(); err != nil {
			return cli.Fail("completion", err)
		}
	default:
		return cli.Usagef("completion %q: want bash, zsh or fish", cli.Printable(args[0]))
	}
	p.Out.Printf("%s", text)
	return nil
}

func (p *program) man(c *urfave.Context) error {
	if _, err := cli.WantArgs(c, 0, 0); err != nil {
		return err
	}
	const section = 1 // programs
	text, err := p.app().ToManWithSection(section)
	if err != nil {
		return cli.Fail("man", fmt.Errorf("write the manual page: %w", err))
	}
	p.Out.Printf("%s", text)
	return nil
}

// complete answers a shell: the words that could come next, one a line.
func (p *program) complete(ctx context.Context, args []string) error {
	a := p.app()
	a.EnableBashCompletion = true
	return a.RunContext(ctx, args)
}
