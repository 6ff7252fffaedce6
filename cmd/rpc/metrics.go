package rpc

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"

	"grapevine/cmd/rpc/events"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/p2p/swarm"
)

// serveMetrics answers /metrics in Prometheus' text format: numbers about the public chain, the pool, the connections and
// the process, nothing about the wallet. Names, units and types are as its conventions ask; docs/grafana.json and
// docs/alerts.yml read them.
func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		jsonrpc.Send(w, http.StatusMethodNotAllowed, nil)
		return
	}
	var p exposition
	s.chainMetrics(&p)
	s.peerMetrics(&p)
	s.eventMetrics(&p)
	s.processMetrics(&p)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	jsonrpc.Send(w, http.StatusOK, p.Bytes())
}

// exposition is a page of metrics in Prometheus' text format.
type exposition struct{ bytes.Buffer }

// sample is a value of a metric, with its labels as name, value, name, value, …
type sample struct {
	value  float64
	labels []string
}

func (p *exposition) gauge(name, help string, value float64) {
	p.family("gauge", name, help, sample{value: value})
}

func (p *exposition) counter(name, help string, value uint64) {
	p.family("counter", name, help, sample{value: float64(value)})
}

func (p *exposition) family(kind, name, help string, samples ...sample) {
	fmt.Fprintf(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	for _, s := range samples {
		p.sample(name, s)
	}
}

func (p *exposition) sample(name string, s sample) {
	p.WriteString(name)
	for i := 0; i+1 < len(s.labels); i += 2 {
		sign := ","
		if i == 0 {
			sign = "{"
		}
		value := strings.NewReplacer("\\", `\\`, "\n", `\n`, `"`, `\"`).Replace(s.labels[i+1])
		fmt.Fprintf(p, `%s%s="%s"`, sign, s.labels[i], value)
	}
	if len(s.labels) > 0 {
		p.WriteByte('}')
	}
	fmt.Fprintf(p, " %s\n", strconv.FormatFloat(s.value, 'g', -1, 64))
}

func (s *Server) chainMetrics(p *exposition) {
	tip, pool, status := s.cfg.Chain.Ledger.Tip(), s.cfg.Pool.Pool.Stats(), s.cfg.Swarm.Status()
	p.family("gauge", "grapevine_build_info", "Version of the program and the network it is on; always 1.",
		sample{1, []string{"version", s.cfg.Version, "network", s.cfg.Chain.Params.Name, "goversion", runtime.Version()}})
	p.gauge("grapevine_height", "Height of the verified chain.", float64(tip.Height))
	p.gauge("grapevine_headers", "Height of the best header.", float64(max(status.Headers, tip.Height)))
	p.gauge("grapevine_tip_timestamp_seconds", "Unix time in the header of the verified tip.", float64(tip.Header.Timestamp.Unix()))
	p.gauge("grapevine_syncing", "1 during the initial block download, else 0.", number(status.Syncing))
	p.gauge("grapevine_pool_transactions", "Transactions in the pool.", float64(pool.Size))
	p.gauge("grapevine_pool_virtual_bytes", "Virtual bytes in the pool.", float64(pool.Bytes))
	p.gauge("grapevine_pool_memory_bytes", "Memory of the pool.", float64(pool.Usage))
	p.gauge("grapevine_pool_memory_limit_bytes", "Memory that the pool may take.", float64(pool.MaxUsage))
	p.gauge("grapevine_pool_min_fee_satoshis_per_kilovbyte", "Fee rate below which nothing enters the pool now.", float64(pool.MinFee))
	p.gauge("grapevine_orphan_transactions", "Transactions that wait for their parents.", float64(status.Orphans))
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func (s *Server) peerMetrics(p *exposition) {
	in, out := s.countPeers()
	p.family("gauge", "grapevine_peers", "Connections to peers.",
		sample{float64(in), []string{"direction", "in"}}, sample{float64(out), []string{"direction", "out"}})
	totals := s.cfg.Swarm.Totals()
	p.counter("grapevine_sent_bytes_total", "Bytes sent to peers.", totals.BytesSent)
	p.counter("grapevine_received_bytes_total", "Bytes received from peers.", totals.BytesRecv)
	p.steps("grapevine_step_duration_seconds", s.cfg.Swarm.Steps())
}

// steps writes the histogram of the loop's steps, and the longest of them.
func (p *exposition) steps(name string, st swarm.Steps) {
	p.family("histogram", name, "Steps of the conversation with all peers; during one nobody else is heard.")
	for i, bound := range st.Bounds {
		p.sample(name+"_bucket", sample{float64(st.Within[i]), []string{"le", strconv.FormatFloat(bound.Seconds(), 'g', -1, 64)}})
	}
	p.sample(name+"_bucket", sample{float64(st.Count), []string{"le", "+Inf"}})
	p.sample(name+"_sum", sample{value: st.Sum.Seconds()})
	p.sample(name+"_count", sample{value: float64(st.Count)})
	p.gauge("grapevine_step_longest_seconds", "Longest of these steps so far.", st.Longest.Seconds())
}

// eventMetrics count what has happened: see docs/events.md.
func (s *Server) eventMetrics(p *exposition) {
	totals := s.cfg.Events.Totals()
	var all []sample
	for _, kind := range events.Kinds() {
		n := uint64(0)
		for sort, count := range totals {
			if sort.Kind == kind {
				n += count
			}
		}
		all = append(all, sample{float64(n), []string{"kind", string(kind)}})
	}
	judged := func(tx bool, verdicts ...string) (list []sample) {
		for _, v := range verdicts {
			list = append(list, sample{float64(totals[events.Sort{Kind: events.Judged, Verdict: v, Tx: tx}]), []string{"verdict", v}})
		}
		return list
	}
	txs := judged(true, events.Accepted, events.Refused, events.Orphan)
	blocks := judged(false, events.Accepted, events.Refused, events.Inconclusive, events.Duplicate)
	p.family("counter", "grapevine_events_total", "What has happened on the node, by kind.", all...)
	p.family("counter", "grapevine_transactions_judged_total", "Transactions judged, by verdict.", txs...)
	p.family("counter", "grapevine_blocks_judged_total", "Blocks judged, by verdict.", blocks...)
}

// processMetrics go by the names that Prometheus' own client gives them.
func (s *Server) processMetrics(p *exposition) {
	read := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}}
	metrics.Read(read)
	p.gauge("go_goroutines", "Goroutines of the process.", float64(runtime.NumGoroutine()))
	p.gauge("go_memstats_heap_alloc_bytes", "Bytes of objects on the heap.", float64(read[0].Value.Uint64()))
	p.gauge("go_memstats_sys_bytes", "Bytes of memory that the process has of the system.", float64(read[1].Value.Uint64()))
	p.gauge("process_start_time_seconds", "Unix time at which the process started.", float64(s.started.UnixMilli())/1000)
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
