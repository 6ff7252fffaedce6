package peer_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"
)

// The oldest version that is greeted is 70001.
func TestT8_TheOldestVersion(t *testing.T) {
	for number, good := range map[int32]bool{70001: true, 70000: false} {
		synctest.Test(t, func(t *testing.T) {
			s, lf := meet(t, true, config())
			v := version()
			v.ProtocolVersion = number
			s.say(v, &wire.MsgVerAck{})
			go io.Copy(io.Discard, s)
			time.Sleep(time.Second)
			synctest.Wait()
			if got := lf.hello.Version == number; got != good {
				t.Errorf("version %d is greeted: %v", number, got)
			}
			s.Close()
			lf.ends(t, time.Second, false)
		})
	}
}

// Of what counts eight messages are kept until verack, and what follows is forgotten.
func TestT8_EightEarlyMessagesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		s.say(version())
		for range 9 {
			s.say(&wire.MsgSendHeaders{})
		}
		s.say(&wire.MsgVerAck{})
		go io.Copy(io.Discard, s)
		time.Sleep(time.Second)
		synctest.Wait()
		if len(lf.took) != 8 {
			t.Errorf("%d are processed", len(lf.took))
		}
		s.Close()
		lf.ends(t, time.Second, false)
	})
}

// What a stranger calls itself reaches terminals, pages and logs as text.
func TestWhatAPeerCallsItselfIsText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, lf := meet(t, true, config())
		v := version()
		v.UserAgent = "/a\x1b[2J:1.0(x; y_z-@?)/<b>\"\x00\xff\u202e\n"
		s.say(v, &wire.MsgVerAck{})
		go io.Copy(io.Discard, s)
		time.Sleep(time.Second)
		synctest.Wait()
		if want := "/a2J:1.0(x; y_z-@?)/b"; lf.hello.UserAgent != want {
			t.Errorf("it is %q, want %q", lf.hello.UserAgent, want)
		}
		s.Close()
		lf.ends(t, time.Second, false)
	})
}
