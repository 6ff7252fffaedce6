package simulatecmd

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"

	"grapevine/testnet/model"
)

// writeArrivals writes a line for each block and transaction and each node that
// it reached.
func writeArrivals(w io.Writer, runs []*model.Result) error {
	b := bufio.NewWriterSize(w, 1<<20)
	table := csv.NewWriter(b)
	table.Write([]string{"seed", "kind", "hash", "maker", "made", "node", "region", "seconds"})
	decimal := func(s float64) string { return strconv.FormatFloat(s, 'f', 6, 64) }
	for _, r := range runs {
		seed := strconv.FormatUint(r.Config.Seed, 10)
		for _, x := range r.News {
			row := []string{seed, x.Kind, x.Name, strconv.Itoa(x.Maker), decimal(x.Born.Seconds()), "", "", ""}
			for node, at := range x.Seen {
				if at == model.Never {
					continue
				}
				row[5], row[7] = strconv.Itoa(node), decimal((at - x.Born).Seconds())
				if r.Where != nil {
					row[6] = r.Where[node]
				}
				table.Write(row)
			}
		}
	}
	table.Flush()
	if err := errors.Join(table.Error(), b.Flush()); err != nil {
		return fmt.Errorf("write arrivals: %w", err)
	}
	return nil
}
