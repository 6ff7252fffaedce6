package addrbook

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"grapevine/db"
	"grapevine/p2p"
)

// Config is what a book needs from its owner.
type Config struct {
	DB    *db.DB           // peers.db; nil keeps the book in memory only
	Now   func() time.Time // wall clock
	Rand  *rand.Rand       // used under the book's lock only
	Local bool             // loopback and private addresses count (regtest)
	Log   *slog.Logger
}

// Book remembers addresses of nodes. All its methods may be called at once.
type Book struct{ cfg Config }

// Entry is an address and what we know of it.
type Entry struct {
	p2p.Addr
	Tried bool // we were once connected to it
}

var errNotBuilt = errors.New("not built yet")

// Open reads the book from its file.
func Open(cfg Config) (*Book, error) { return nil, errNotBuilt }
