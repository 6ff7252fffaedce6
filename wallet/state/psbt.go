package state

import (
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/psbt"
)

// Fill is what is to be done with a PSBT.
type Fill struct {
	Sign     bool
	Kind     txscript.SigHashType
	Origins  bool // say where the keys come from
	Finalize bool
	// Coins is what the caller knows of what it spends; what the PSBT says otherwise
	// is refused before anything is signed.
	Coins map[wire.OutPoint]chain.Coin
}

// FillPSBT adds to a PSBT what the wallet knows of it, and signatures, and says
// whether it is complete.
func (st *State) FillPSBT(p *psbt.PSBT, f Fill) (complete bool, err error) {
	if err := st.addSpent(p); err != nil {
		return false, err
	}
	if f.Sign {
		if err := st.checkPSBT(p, f); err != nil {
			return false, err
		}
	}
	known := make([]*descriptor.Provider, len(p.Inputs))
	for i := range p.Inputs {
		if known[i], err = st.knownOf(p, i, f.Sign); err != nil {
			return false, err
		}
	}
	job := psbt.Job{Tx: p.Signing(), Kind: f.Kind, Finalize: f.Finalize}
	for i := range p.Inputs {
		if job.Known = known[i]; p.Inputs[i].Done() {
			continue
		}
		if !f.Origins {
			job.Known.Origins = map[descriptor.ID]descriptor.Origin{}
		}
		p.Sign(i, job)
	}
	for i, out := range p.Tx.TxOut {
		of, err := st.scriptsOf(out.PkScript)
		if err != nil {
			return false, err
		}
		if of == nil {
			continue
		}
		if !f.Origins {
			of.Origins = map[descriptor.ID]descriptor.Origin{}
		}
		p.UpdateOutput(i, of)
	}
	if f.Kind&txscript.SigHashAnyOneCanPay == 0 {
		p.DropNeedless()
	}
	complete = true
	for i := range p.Inputs {
		complete = complete && p.Good(i, job.Tx)
	}
	return complete, nil
}

// addSpent adds the wallet's own transactions that are spent.
func (st *State) addSpent(p *psbt.PSBT) error {
	for i, in := range p.Tx.TxIn {
		r := st.txs[in.PreviousOutPoint.Hash]
		if r == nil || p.Inputs[i].Done() || p.Inputs[i].Has(psbt.InNonWitness) {
			continue
		}
		tx, err := chain.DecodeTx(r.raw)
		if err != nil {
			return fmt.Errorf("wallet transaction %s: %w", r.id, err)
		}
		p.SetNonWitness(i, tx)
	}
	return nil
}

// checkPSBT refuses what a stranger may have made up: amounts and scripts that
// contradict each other or what is known, and another kind of signature than asked.
func (st *State) checkPSBT(p *psbt.PSBT, f Fill) error {
	for i, in := range p.Tx.TxIn {
		m, op := p.Inputs[i], in.PreviousOutPoint
		if m.Done() {
			continue
		}
		if kind, ok := m.SigHash(); ok && kind != f.Kind {
			return wallet.ErrSigHash
		}
		said := m.WitnessUTXO()
		if whole, ok := p.UTXO(i); ok && said != nil && !sameOut(said, whole.Value, whole.PkScript) {
			return fmt.Errorf("%w: input %d says its coin twice, and differently", wallet.ErrLies, i)
		} else if m.Has(psbt.InNonWitness) && !ok {
			return wallet.ErrMissing
		}
		coin, ok := f.Coins[op]
		if own := st.out(op); own != nil {
			coin, ok = chain.Coin{Value: own.value, PkScript: []byte(own.own.script)}, true
		}
		if ok && said != nil && !sameOut(said, int64(coin.Value), coin.PkScript) {
			return fmt.Errorf("%w: input %d spends %s BTC, and it says %s BTC or another script", wallet.ErrLies, i,
				chain.FormatAmount(coin.Value), chain.FormatAmount(btcutil.Amount(said.Value)))
		}
	}
	return nil
}

func sameOut(out *wire.TxOut, value int64, script []byte) bool {
	return out.Value == value && string(out.PkScript) == string(script)
}

// knownOf is what the wallet knows to sign an input: of its script if that is ours,
// else of those of its keys that are.
func (st *State) knownOf(p *psbt.PSBT, i int, secrets bool) (*descriptor.Provider, error) {
	known := descriptor.NewProvider()
	out, ok := p.UTXO(i)
	if p.Inputs[i].Done() || !ok {
		return known, nil
	}
	if st.scripts[string(out.PkScript)] != nil {
		if secrets {
			return st.provider(map[string]chain.Coin{string(out.PkScript): {}})
		}
		return st.scriptsOf(out.PkScript)
	}
	keys := p.Inputs[i].Keys()
	if txscript.IsPayToTaproot(out.PkScript) { // rawtr() is paid to the key itself
		for _, sign := range []byte{2, 3} {
			keys = append(keys, descriptor.Origin{PubKey: append([]byte{sign}, out.PkScript[2:]...)})
		}
	}
	for _, key := range keys {
		if err := st.addKey(key, secrets, known); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// scriptsOf is what is known of a script of ours, private keys apart; nil: it is not
// ours.
func (st *State) scriptsOf(script []byte) (*descriptor.Provider, error) {
	own := st.scripts[string(script)]
	if own == nil {
		return nil, nil
	}
	return st.known(own)
}

// known is what is known of one of our scripts, private keys apart. Behind a hardened
// step it takes those to say it.
func (st *State) known(own *owned) (*descriptor.Provider, error) {
	known := descriptor.NewProvider()
	_, err := own.row.public.Expand(own.Index, known)
	if !errors.Is(err, descriptor.ErrPrivate) {
		return known, err
	}
	private, err := st.private(own.row)
	if err == nil && private != nil {
		_, err = private.Expand(own.Index, known)
	}
	return known, err
}

// addKey adds a key of ours, whatever script it stands in: the last step of where it
// comes from may be its index in one of our rows.
func (st *State) addKey(key descriptor.Origin, secrets bool, known *descriptor.Provider) error {
	id := descriptor.IDOf(key.PubKey)
	for _, own := range st.candidates(key.PubKey, key.Path) {
		here, err := st.known(own)
		if err != nil {
			return err
		}
		origin, ok := here.Origins[id]
		if !ok {
			continue
		}
		known.Origins[id] = origin
		if secrets {
			with, err := st.provider(map[string]chain.Coin{own.script: {}})
			if err != nil {
				return err
			}
			secret, ok := with.Secrets[id]
			if !ok && len(key.PubKey) == btcec.PubKeyBytesLenCompressed { // a taproot key is known by its x
				secret, ok = with.SecretOf(key.PubKey[1:])
			}
			if ok {
				known.AddSecret(secret)
			}
		}
		return nil
	}
	return nil
}

// candidates are the scripts that a key of ours may stand in: those to it alone, and
// one of each row, that at the index which its path ends with or of a row without
// indices its first.
func (st *State) candidates(pub []byte, path []uint32) (list []*owned) {
	for _, script := range descriptor.ToKey(pub) {
		if own := st.scripts[string(script)]; own != nil {
			list = append(list, own)
		}
	}
	for _, r := range st.rows {
		at := uint32(0)
		if r.public.Ranged() {
			if len(path) == 0 || path[len(path)-1] < r.Start || path[len(path)-1] >= r.made() {
				continue
			}
			at = path[len(path)-1] - r.Start
		}
		if n := int(at * r.per); n < len(r.owned) {
			list = append(list, r.owned[n])
		}
	}
	return list
}
