package descriptor

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"errors"

	"github.com/btcsuite/btcd/chaincfg/v2"
)

// ErrRanged: a descriptor stands for many scripts where one is wanted.
var ErrRanged = errors.New("Ranged descriptor not accepted. Maybe pass through deriveaddresses first?")

// PayTo is the one script that a descriptor is paid by. Of the scripts of a
// combo() Core chooses pay to witness key hash, or pay to key hash when the key is
// uncompressed [getScriptFromDescriptor].
func PayTo(text string, net *chaincfg.Params) ([]byte, error) {
	d, err := Parse(text, net, false)
	if err != nil {
		return nil, err
	}
	if d.Ranged() {
		return nil, ErrRanged
	}
	scripts, err := d.Expand(0, nil)
	if err != nil {
		return nil, err
	}
	const some, all = 2, 4 // scripts of a combo()
	switch len(scripts) {
	case some:
		return scripts[1], nil
	case all:
		return scripts[2], nil
	}
	return scripts[0], nil
}
