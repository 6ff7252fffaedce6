package chain_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/consensus.md names every rule, and only tests that exist.
func TestTheTableOfRulesIsTrue(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "docs", "consensus.md"))
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	tests := map[string]bool{}
	name := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range name.FindAllStringSubmatch(string(source), -1) {
			tests[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(doc, -1)
	if len(named) < 60 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, m := range named {
		if !tests[m[1]] {
			t.Errorf("there is no test %s", m[1])
		}
	}
	rules, err := os.ReadFile("rules.go")
	if err != nil {
		t.Fatal(err)
	}
	words := regexp.MustCompile(`Rule = "([^"]+)"`).FindAllStringSubmatch(string(rules), -1)
	if len(words) < 35 {
		t.Fatalf("only %d rules found", len(words))
	}
	for _, m := range words {
		if !strings.Contains(doc, "`"+m[1]+"`") {
			t.Errorf("the rule %s is not in the table", m[1])
		}
	}
}
