package testnetcmd

import (
	"bufio"
	"bytes"
	"testing"

	"grapevine/cmd/grapevine/cli"
)

// A line that the log has only half is one value, once its end has come; without --follow no
// more comes.
func TestALineOfALogIsOneValueHoweverItComes(t *testing.T) {
	for follow, want := range map[bool]string{
		true:  `{"node":3,"line":"one"}` + "\n" + `{"node":3,"line":"two of it"}` + "\n",
		false: `{"node":3,"line":"one"}` + "\n" + `{"node":3,"line":"tw"}` + "\n" + `{"node":3,"line":"o of"}` + "\n" + `{"node":3,"line":" it"}` + "\n" + `{"node":3,"line":"th"}` + "\n",
	} {
		var log, out bytes.Buffer
		p := &program{&cli.Program{Out: cli.Plain(&out)}}
		grows := &tail{Reader: bufio.NewReader(&log), node: 3, follow: follow}
		for _, part := range []string{"one\ntw", "o of", "", " it\nth"} {
			log.WriteString(part)
			if err := p.printLog(grows, true); err != nil {
				t.Fatal(err)
			}
		}
		if out.String() != want {
			t.Errorf("followed %t:\n%swant\n%s", follow, out.String(), want)
		}
	}
}
