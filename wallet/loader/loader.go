package loader

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"grapevine/chain"
	"grapevine/db"
	"grapevine/wallet"
	"grapevine/wallet/service"
)

// Wallets are all wallets of one node, each in DIR/NAME/wallet.db; the one
// without a name is in DIR itself. Its methods may be called by several goroutines
// at once [WalletContext].
type Wallets struct {
	cfg  WalletsConfig
	main *loaded // the unnamed one, which makes itself; nil: as any other

	mu      sync.Mutex
	off     bool // main was unloaded: it follows the chain and answers nobody
	named   []*loaded
	start   func(*loaded)       // nil: Run has not begun, or has ended
	busy    map[string]struct{} // names that are being made, loaded or unloaded
	startup []string            // names that are kept to be loaded at the start
	saveMu  sync.Mutex          // one at a time keeps them; locked before mu
}

// WalletsConfig is what Wallets need.
type WalletsConfig struct {
	service.Config        // of each of them; without DB
	Dir            string // absolute; a relative name is one of a directory below
	File           string // of each, in its directory; "": wallet.db
	Old            string // unnamed wallet of an earlier version, which is taken over; "": none
	Unnamed        bool   // the unnamed wallet is there from the start, and makes itself where coins are worth nothing
	Open           func(path string) (*db.DB, error)

	Names   []string          // to be loaded at the start
	Saved   []string          // of them those that Save kept
	Default bool              // nothing was said of which to load: the unnamed one, if it is there
	Warn    func(text string) // tells whoever started the node; nil: the log alone
	// Warnings are said of how wallets spend whenever one is taken into use.
	Warnings []string
	// Save keeps the names to be loaded at the start; nil: in startup.json of Dir.
	Save func(names []string) error
}

// loaded is a wallet in use.
type loaded struct {
	*service.Service
	name string
	stop context.CancelFunc
	done chan struct{} // closed when it follows the chain no more
}

// fileName of each wallet, in its directory, where the configuration says no other.
const fileName = "wallet.db"

// OpenWallets opens the wallets that are to be loaded at the start. One that is not
// there is left out with a warning, as in Core; one that cannot be read is an error [LoadWallets].
func OpenWallets(cfg WalletsConfig) (*Wallets, error) {
	if cfg.File == "" {
		cfg.File = fileName
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	w := &Wallets{cfg: cfg, busy: map[string]struct{}{}, startup: cfg.Saved}
	old, err := w.takeOver()
	if err != nil {
		return nil, err
	}
	if cfg.Save == nil {
		w.startup = w.readStartup()
		cfg.Names = append(slices.Clone(w.startup), cfg.Names...)
	}
	if old != "" {
		if err := w.AtStart(old, true); err != nil {
			return nil, err
		}
		cfg.Names = append(cfg.Names, old)
	}
	if cfg.Default && isWallet(w.file("")) {
		w.startup = []string{""} // in memory: it is written with the next name
		cfg.Names = append(cfg.Names, "")
	}
	if cfg.Unnamed {
		if w.main, err = w.open("", w.file("")); err != nil {
			return nil, err
		}
	}
	if err := w.loadAll(cfg.Names); err != nil {
		return nil, errors.Join(err, w.closeAll())
	}
	if len(w.named) > 0 {
		for _, text := range cfg.Warnings {
			w.warn(text)
		}
	}
	return w, nil
}

// Warnings are what is to be said of how wallets spend when one is taken into use.
func (w *Wallets) Warnings() []string { return w.cfg.Warnings }

// loadAll takes into use what is to be loaded at the start.
func (w *Wallets) loadAll(names []string) error {
	for i, name := range names {
		if name == "" && w.main != nil {
			continue
		}
		if slices.Contains(names[:i], name) {
			w.warn("Ignoring duplicate -wallet " + name + ".")
			continue
		}
		err := w.Load(name)
		switch {
		case errors.Is(err, wallet.ErrNoPath): // one that is there and cannot be read ends the node [VerifyWallets]
			w.warn("Skipping -wallet path that doesn't exist. " + err.Error())
		case err != nil:
			return err
		}
	}
	return nil
}

// warn says something at the start that nobody asked for.
func (w *Wallets) warn(text string) {
	if w.cfg.Warn != nil {
		w.cfg.Warn(text)
	}
	w.cfg.Log.Warn("wallets at the start", "warning", text)
}

// all are the wallets that follow the chain, the main one last. Called with mu held.
func (w *Wallets) all() []*loaded {
	list := slices.Clone(w.named)
	if w.main != nil {
		list = append(list, w.main)
	}
	return list
}

// closeAll closes the files of wallets that follow the chain no more.
func (w *Wallets) closeAll() (err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.all() {
		err = errors.Join(err, l.Close())
	}
	w.named = nil
	return err
}

// Main is the unnamed wallet where it is there from the start, else nil.
func (w *Wallets) Main() *service.Service {
	if w.main == nil {
		return nil
	}
	return w.main.Service
}

// Run follows the chain with all wallets until ctx ends, and closes their files.
func (w *Wallets) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	w.mu.Lock()
	w.start = func(l *loaded) {
		one, cancel := context.WithCancel(ctx)
		l.stop, l.done = cancel, make(chan struct{})
		g.Go(func() error {
			defer close(l.done)
			defer cancel()
			return l.Run(one)
		})
	}
	for _, l := range w.all() {
		w.start(l)
	}
	w.mu.Unlock()
	g.Go(func() error { // until then others may be started
		<-ctx.Done()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.start = nil
		return nil
	})
	return errors.Join(g.Wait(), w.closeAll())
}

// Apply tells all wallets what happened to chain and pool; see Service.Apply.
func (w *Wallets) Apply(ctx context.Context, d chain.Delta, p chain.PoolDelta) error {
	w.mu.Lock()
	all := w.all()
	w.mu.Unlock()
	var errs []error
	for _, l := range all {
		errs = append(errs, l.Apply(ctx, d, p))
	}
	return errors.Join(errs...)
}

// Resend is Service.Resend of all wallets.
func (w *Wallets) Resend(ctx context.Context) (wtxids []chain.Hash, err error) {
	w.mu.Lock()
	all := w.all()
	w.mu.Unlock()
	for _, l := range all {
		ids, e := l.Resend(ctx)
		wtxids, err = append(wtxids, ids...), errors.Join(err, e)
	}
	return wtxids, err
}

// Names are those of the wallets in use, in the order in which they came.
func (w *Wallets) Names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := []string{}
	if w.mainCounts() {
		names = append(names, "")
	}
	for _, l := range w.named {
		names = append(names, l.name)
	}
	return names
}

// mainCounts says whether the main wallet is one in use. One that made itself
// and was never used is not, as soon as there are others. Called with mu held.
func (w *Wallets) mainCounts() bool {
	return w.main != nil && !w.off && w.main.Exists() && (len(w.named) == 0 || w.main.Touched())
}

// mainIsKnown says whether somebody has used the main wallet, or there is no other.
func (w *Wallets) mainIsKnown() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.named) == 0 || w.main.Touched()
}

// Pick is the wallet that a call is for: the one of that name or, where none was
// said, the only one. Of several it is the unnamed one that is there from the start,
// once somebody has used it; as bitcoind there is none. It fails with
// wallet.ErrNotLoaded or wallet.ErrWhich [GetWalletForJSONRPCRequest].
func (w *Wallets) Pick(name string, said bool) (*service.Service, error) {
	names := w.Names()
	w.mu.Lock()
	main := w.main != nil && !w.off
	w.mu.Unlock()
	switch {
	case !said && len(names) == 1, !said && main && slices.Contains(names, ""):
		name = names[0] // the unnamed one comes first
	case !said && len(names) > 1:
		return nil, wallet.ErrWhich
	case main && len(names) == 0 && (!said || name == ""):
		return w.main.Service, nil // where it may, it makes itself
	case !said:
		return nil, wallet.ErrNoneLoaded
	}
	if l := w.find(name); l != nil && slices.Contains(names, name) {
		return l.Service, nil
	}
	return nil, wallet.ErrNotLoaded
}

// find is the wallet in use with that name, nil when there is none.
func (w *Wallets) find(name string) *loaded {
	w.mu.Lock()
	defer w.mu.Unlock()
	if name == "" && w.main != nil && !w.off {
		return w.main
	}
	for _, l := range w.named {
		if l.name == name {
			return l
		}
	}
	return nil
}
