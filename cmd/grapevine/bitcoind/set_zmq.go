package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"fmt"

	"grapevine/cmd/rpc/notify"
)

// zeroMQNotifiers reads what is published where. As Core does, the node runs without
// ZeroMQ where an address cannot be listened at.
func (s *setup) zeroMQNotifiers() error {
	s.cfg.ZeroMQOrNot = true
	for _, topic := range notify.Topics() {
		name := "zmqpub" + topic
		hwm := s.Int(name+"hwm", notify.DefaultHWM)
		for _, address := range s.List(name) {
			if err := notify.CheckAddress(address); err != nil {
				return fmt.Errorf("Invalid port specified in -%s: '%s'", name, address)
			}
			s.cfg.ZeroMQ = append(s.cfg.ZeroMQ, notify.Notifier{Topic: topic, Address: address, HWM: int(hwm)})
		}
	}
	return nil
}
