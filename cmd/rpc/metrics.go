package rpc

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/p2p/swarm"
)

// serveMetrics answers /metrics in Prometheus' text format: numbers about the
// public chain, the pool and the connections, nothing about the wallet.
func (s *Server) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	var buf bytes.Buffer
	gauge := func(name, help string, v any) {
		fmt.Fprintf(&buf, "# HELP grapevine_%s %s\n# TYPE grapevine_%s gauge\ngrapevine_%s %v\n", name, help, name, name, v)
	}
	counter := func(name, help string, v any) {
		fmt.Fprintf(&buf, "# HELP grapevine_%s %s\n# TYPE grapevine_%s counter\ngrapevine_%s %v\n", name, help, name, name, v)
	}
	tip, pool, status, totals := s.cfg.Chain.Ledger.Tip(), s.cfg.Pool.Pool.Stats(), s.cfg.Swarm.Status(), s.cfg.Swarm.Totals()
	fmt.Fprintf(&buf, "# HELP grapevine_info Version of the program.\n# TYPE grapevine_info gauge\ngrapevine_info{version=%q,network=%q} 1\n",
		s.cfg.Version, s.cfg.Chain.Params.Name)
	gauge("height", "Height of the verified chain.", tip.Height)
	gauge("headers", "Height of the best header.", max(status.Headers, tip.Height))
	gauge("tip_time_seconds", "Unix time of the verified tip.", tip.Header.Timestamp.Unix())
	gauge("pool_transactions", "Transactions in the pool.", pool.Size)
	gauge("pool_vbytes", "Virtual bytes in the pool.", pool.Bytes)
	gauge("pool_memory_bytes", "Memory of the pool.", pool.Usage)
	fmt.Fprint(&buf, "# HELP grapevine_peers Connections to peers.\n# TYPE grapevine_peers gauge\n")
	in, out := s.countPeers()
	fmt.Fprintf(&buf, "grapevine_peers{direction=\"in\"} %d\ngrapevine_peers{direction=\"out\"} %d\n", in, out)
	counter("sent_bytes_total", "Bytes sent to peers.", totals.BytesSent)
	counter("received_bytes_total", "Bytes received from peers.", totals.BytesRecv)
	steps := s.cfg.Swarm.Steps()
	writeSteps(&buf, steps)
	gauge("step_longest_seconds", "Longest of these steps so far.", steps.Longest.Seconds())
	gauge("goroutines", "Goroutines of the process.", runtime.NumGoroutine())
	gauge("uptime_seconds", "Seconds since the start.", strconv.FormatFloat(time.Since(s.started).Seconds(), 'f', 3, 64))
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	jsonrpc.Send(w, http.StatusOK, buf.Bytes())
}

// writeSteps writes the histogram of the loop's steps.
func writeSteps(buf *bytes.Buffer, st swarm.Steps) {
	const name = "grapevine_step_seconds"
	fmt.Fprintf(buf, "# HELP %s Steps of the conversation with all peers; during one nobody else is heard.\n# TYPE %s histogram\n", name, name)
	for i, bound := range st.Bounds {
		fmt.Fprintf(buf, "%s_bucket{le=\"%v\"} %d\n", name, bound.Seconds(), st.Within[i])
	}
	fmt.Fprintf(buf, "%s_bucket{le=\"+Inf\"} %d\n%s_sum %v\n%s_count %d\n", name, st.Count, name, st.Sum.Seconds(), name, st.Count)
}

func (s *Server) countPeers() (in, out int) {
	for _, p := range s.cfg.Swarm.Connections() {
		if p.Inbound() {
			in++
		} else {
			out++
		}
	}
	return in, out
}
