package bitcoind

func setRPCUser(s *setup) error {
	s.cfg.RPCUser = s.String("rpcuser", "")
	return nil
}

func setRPCPassword(s *setup) error {
	s.cfg.RPCPassword = s.String("rpcpassword", "")
	return nil
}
