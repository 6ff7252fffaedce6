package electrum

import (
	"context"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

func (s *Server) scriptRows() []jsonrpc.Method {
	return []jsonrpc.Method{
		{Name: "blockchain.scripthash.get_balance", Params: "scripthash:text", Do: ofScript(s.getBalance), Help: "What a script holds, satoshis."},
		{Name: "blockchain.scripthash.get_history", Params: "scripthash:text", Do: ofScript(s.getHistory), Large: true, Help: "All transactions of a script."},
		{Name: "blockchain.scripthash.get_mempool", Params: "scripthash:text", Do: ofScript(s.getMempool), Large: true, Help: "Those of them in the pool."},
		{Name: "blockchain.scripthash.listunspent", Params: "scripthash:text", Do: ofScript(s.listUnspent), Large: true, Help: "The coins of a script."},
		{Name: "blockchain.scripthash.subscribe", Params: "scripthash:text", Do: ofScript(s.subscribe), Help: "The digest of a script's history, and again when it changes."},
		{Name: "blockchain.scripthash.unsubscribe", Params: "scripthash:text", Do: ofScript(s.unsubscribe), Help: "Ends that."},
	}
}

// ofScript is a method that asks about one script, by its hash, which is written the other way round.
func ofScript(do func(context.Context, chain.Hash) (any, error)) func(context.Context, *jsonrpc.Call) (any, error) {
	return func(ctx context.Context, c *jsonrpc.Call) (any, error) {
		script, err := hashOf(c, "scripthash", "is not a valid script hash")
		if err != nil {
			return nil, err
		}
		answer, err := do(ctx, script)
		return answer, told(err)
	}
}

// hashOf reads a hash, and says what is wrong with what is none.
func hashOf(c *jsonrpc.Call, name, wrong string) (h chain.Hash, err error) {
	s := c.String(name)
	if err := c.Err(); err != nil {
		return h, err
	}
	if h, err = jsonrpc.ParseHash(name, s); err != nil {
		return h, jsonrpc.Errorf(codeBadRequest, "%.100q %s", s, wrong)
	}
	return h, nil
}

func (s *Server) getBalance(ctx context.Context, script chain.Hash) (any, error) {
	sums, err := s.cfg.Explore.ChainSums(ctx, script)
	if err != nil {
		return nil, err
	}
	return struct {
		Confirmed   int64 `json:"confirmed"`
		Unconfirmed int64 `json:"unconfirmed"`
	}{int64(sums.Balance()), int64(s.cfg.Explore.PoolSums(script).Balance())}, nil
}

// touching is a transaction of a script's history.
type touching struct {
	Height int32  `json:"height"`
	TxHash string `json:"tx_hash"`
	Fee    *int64 `json:"fee,omitempty"` // satoshis; of one in the pool
}

func (s *Server) waiting(script chain.Hash) []touching {
	list := []touching{}
	for _, w := range s.cfg.Explore.Waiting(script) {
		fee := int64(w.Fee)
		list = append(list, touching{int32(w.Height), w.Tx.ID.String(), &fee})
	}
	return list
}

func (s *Server) getHistory(ctx context.Context, script chain.Hash) (any, error) {
	mined, err := s.cfg.Explore.History(ctx, script)
	if err != nil {
		return nil, err
	}
	list := make([]touching, len(mined))
	for i, t := range mined {
		list[i] = touching{Height: t.Block.Height, TxHash: t.TxID.String()}
	}
	return append(list, s.waiting(script)...), nil
}

func (s *Server) getMempool(_ context.Context, script chain.Hash) (any, error) {
	return s.waiting(script), nil
}

type unspent struct {
	Height int32  `json:"height"`
	Pos    uint32 `json:"tx_pos"`
	TxHash string `json:"tx_hash"`
	Value  int64  `json:"value"`
}

func (s *Server) listUnspent(ctx context.Context, script chain.Hash) (any, error) {
	coins, err := s.cfg.Explore.Unspent(ctx, script)
	if err != nil {
		return nil, err
	}
	list := make([]unspent, len(coins))
	for i, coin := range coins {
		list[i] = unspent{Pos: coin.Op.Index, TxHash: coin.Op.Hash.String(), Value: int64(coin.Value)}
		if coin.Block != nil {
			list[i].Height = coin.Block.Height
		}
	}
	return list, nil
}

func (s *Server) subscribe(ctx context.Context, script chain.Hash) (any, error) {
	who := clientOf(ctx)
	if !s.watch(who, script) {
		return nil, jsonrpc.Errorf(codeExcessive, "too many subscriptions: a client may have %d, all clients %d", maxWatched, maxAllWatched)
	}
	status, err := s.cfg.Explore.Status(ctx, script)
	if err != nil {
		s.mu.Lock()
		s.forget(who, script)
		s.mu.Unlock()
		return nil, err
	}
	who.learn(script, status)
	return textOrNull(status), nil
}

func (s *Server) unsubscribe(ctx context.Context, script chain.Hash) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forget(clientOf(ctx), script), nil
}
