package chain_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/consensus.md names every rule. (That the tests it names exist is seen to
// in cmd/grapevine.)
func TestTheTableOfRulesIsWhole(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "docs", "consensus.md"))
	if err != nil {
		t.Fatal(err)
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
		if !strings.Contains(string(doc), "`"+m[1]+"`") {
			t.Errorf("the rule %s is not in the table", m[1])
		}
	}
}
