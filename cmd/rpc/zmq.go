package rpc

import (
	"context"

	"grapevine/cmd/rpc/jsonrpc"
)

// zmqRows are about ZeroMQ.
func (s *Server) zmqRows() []jsonrpc.Method {
	return jsonrpc.Group("Zmq",
		jsonrpc.Method{Name: "getzmqnotifications", Do: s.getZMQNotifications,
			Help: "What is published by ZeroMQ, at which address, and how many messages wait for a subscriber at most (hwm)."},
	)
}

type zmqNotification struct {
	Type    string `json:"type"`
	Address string `json:"address"`
	HWM     int    `json:"hwm"`
}

func (s *Server) getZMQNotifications(context.Context, *jsonrpc.Call) (any, error) {
	list := []zmqNotification{}
	for _, n := range s.cfg.ZeroMQ.Notifiers() {
		list = append(list, zmqNotification{"pub" + n.Topic, n.Address, n.HWM})
	}
	return list, nil
}
