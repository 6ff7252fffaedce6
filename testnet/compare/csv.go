package compare

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// CSV writes a line for each newcomer, and one for each run of the model as a
// whole, whose newcomers are too many.
func CSV(w io.Writer, r *Result) error {
	t := csv.NewWriter(w)
	decimal := func(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }
	whole := func(n int64) string { return strconv.FormatInt(n, 10) }
	_ = t.Write([]string{"date", "machine", "where", "way", "run", "newcomers", "chain_bytes", "seed_rate", "bound_seconds", "first", "median", "last", "seed_sent", "copies", "newcomer", "seconds", "took", "gave"})
	for _, x := range r.Runs {
		where := "processes"
		if x.Model {
			where = "model"
		}
		row := []string{r.Date, r.Machine, where, string(x.Way), strconv.Itoa(x.Run), strconv.Itoa(x.Nodes), whole(x.Bytes), whole(r.SeedRate),
			decimal(x.Bound()), decimal(x.First), decimal(x.Median), decimal(x.Last), whole(x.Sent), decimal(x.Copies)}
		for i, n := range x.Newcomers {
			_ = t.Write(append(row[:len(row):len(row)], strconv.Itoa(i+1), decimal(n.Seconds), whole(n.Took), whole(n.Gave)))
		}
		if len(x.Newcomers) == 0 {
			_ = t.Write(append(row, "", "", "", ""))
		}
	}
	t.Flush()
	if err := t.Error(); err != nil { // it keeps the first
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}
