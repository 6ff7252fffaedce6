package electrum

import (
	"bufio"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A request that makes the program panic costs its connection and nothing else; what it held is given back.
func TestAPanicCostsItsConnection(t *testing.T) {
	s := bare(t) // there is no node to ask for a balance
	for range 40 {
		c, conn := joined(t, s)
		ended := make(chan error, 1)
		go func() { defer s.leave(c); ended <- c.run(t.Context()) }()
		fmt.Fprintf(conn, `{"id":1,"method":"blockchain.scripthash.get_balance","params":["%064x"]}`+"\n", 1)
		if answer, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
			t.Errorf("answered %s", answer)
		}
		if err := <-ended; !errors.Is(err, errPanic) {
			t.Errorf("ended with %v", err)
		}
	}
	c, conn := joined(t, s)
	ended := make(chan error, 1)
	go func() { ended <- c.run(t.Context()) }()
	fmt.Fprintln(conn, `{"id":1,"method":"server.ping","params":[]}`)
	if answer, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(answer, `"result":null`) {
		t.Errorf("another client is answered %s, %v", answer, err)
	}
	conn.Close()
	<-ended
}

// Hanging up on a TLS client that does not read takes no time.
func TestHangingUpWaitsForNobody(t *testing.T) {
	certPEM, keyPEM, err := newCertificate("", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	s := bare(t)
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		server := tls.Server(ours, &tls.Config{Certificates: []tls.Certificate{pair}, SessionTicketsDisabled: true})
		shaken := make(chan error, 1)
		go func() { shaken <- tls.Client(theirs, &tls.Config{InsecureSkipVerify: true}).Handshake() }()
		if err := errors.Join(server.Handshake(), <-shaken); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		newClient(s, server).hangUp()
		if took := time.Since(begun); took > 0 {
			t.Errorf("it took %v", took)
		}
		theirs.Close()
	})
}
