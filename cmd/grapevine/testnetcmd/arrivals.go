package testnetcmd

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"grapevine/testnet/model"
)

// files are what a simulation or a comparison leaves behind. They are opened before it begins:
// nobody waits an hour to hear that a directory is not there.
type files struct{ svg, csv *os.File }

func openFiles(svg, csv string) (f *files, err error) {
	f = &files{}
	for _, x := range []struct {
		to   **os.File
		name string
	}{{&f.svg, svg}, {&f.csv, csv}} {
		if x.name == "" {
			continue
		}
		if *x.to, err = os.Create(x.name); err != nil {
			f.close()
			return nil, err
		}
	}
	return f, nil
}

// write fills and closes them.
func (f *files) write(svg, csv func(io.Writer) error) error {
	var errs []error
	if f.svg != nil {
		errs = append(errs, svg(f.svg), f.svg.Close())
	}
	if f.csv != nil {
		errs = append(errs, csv(f.csv), f.csv.Close())
	}
	f.svg, f.csv = nil, nil
	return errors.Join(errs...)
}

// close leaves files of a run that failed empty.
func (f *files) close() {
	for _, x := range []*os.File{f.svg, f.csv} {
		if x != nil {
			x.Close()
		}
	}
}

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
