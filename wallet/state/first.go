package state

import (
	"encoding/json"
	"fmt"

	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// firstKeys is what a file of the first schema holds in the place of savedKeys:
// one seed with its eight rows, descriptors beside them, all in clear.
type firstKeys struct {
	Words   string                      `json:"words"`
	Seed    []byte                      `json:"seed"`
	Next    [wallet.BranchCount]uint32  `json:"next"`    // by wallet.Branches
	Scanned *[wallet.BranchCount]uint32 `json:"scanned"` // nil: of a time when fewer scripts were watched
	Imports []firstImport               `json:"imports"`
}

// firstImport is a descriptor that was brought along, private keys and all.
type firstImport struct {
	Desc      string `json:"desc"`
	Label     string `json:"label"`
	Start     uint32 `json:"start"`
	End       uint32 `json:"end"`
	Next      uint32 `json:"next"`
	Timestamp int64  `json:"timestamp"`
	Active    bool   `json:"active"`
	Internal  bool   `json:"internal"`
}

// loadFirst makes rows and secrets of a file of the first schema. Again says
// that blocks were never searched for all the scripts that there are.
func (st *State) loadFirst(raw []byte) (again bool, err error) {
	var k firstKeys
	if err := json.Unmarshal(raw, &k); err != nil {
		return false, fmt.Errorf("read wallet keys: %w", err)
	}
	if !st.WatchOnly {
		st.secrets = newSecrets()
	}
	if k.Seed != nil {
		// Words may be older than the wallet that was made of them.
		if err := st.addSeed(k.Seed, k.Words, st.Params.Genesis().Header.Timestamp.Unix()); err != nil {
			return false, err
		}
		for i, r := range st.rows {
			if r.Next = k.Next[i]; k.Scanned != nil {
				r.Scanned = k.Scanned[i]
			}
		}
	}
	for _, s := range k.Imports {
		d, err := descriptor.Parse(s.Desc, st.Params.Params, true)
		if err != nil {
			return false, fmt.Errorf("read imported descriptor: %w", err)
		}
		r, err := st.addRow(savedRow{
			Desc: d.Public(), Label: s.Label, Start: s.Start, End: s.End, Next: s.Next,
			Timestamp: s.Timestamp, Active: s.Active, Internal: s.Internal,
		})
		if err != nil {
			return false, err
		}
		r.addRoots(d)
		if d.HasSecrets() {
			st.secrets.Private[r.Desc] = []byte(descriptor.Bare(d.Spend()))
		}
		if s.Active { // it stood before the seed's row of its kind
			st.activate(r, true, r.Internal)
		}
	}
	return k.Seed != nil && k.Scanned == nil, nil
}
