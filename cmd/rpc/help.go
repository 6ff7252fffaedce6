package rpc

func usage(method string) string { return method }
