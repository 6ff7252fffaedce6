package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"errors"
	"fmt"

	"grapevine/chain/ledger"
)

// unloadable is a chain file that cannot be used as it is [ThreadSafeQuestion]: the same words as
// others, without "Error".
type unloadable struct{ text string }

func (e *unloadable) Error() string { return e.text }

// explainChain puts into Core's words what is wrong with the chain file; nil if it is
// something else.
func explainChain(err error) error {
	for _, why := range []error{ledger.ErrWasPruned, ledger.ErrFromFuture} {
		if errors.Is(err, why) {
			return &unloadable{why.Error() + ".\nPlease restart with -reindex or -reindex-chainstate to recover."}
		}
	}
	if bare, ok := errors.AsType[*ledger.BareError](err); ok {
		return &unloadable{bare.Error() + ".\nPlease restart with -reindex or -reindex-chainstate to recover."}
	}
	if index, ok := errors.AsType[*ledger.PrunedIndexError](err); ok {
		return fmt.Errorf("%w\nError: A fatal internal error occurred, see debug.log for details: Failed to start indexes, shutting down..", index)
	}
	return nil
}
