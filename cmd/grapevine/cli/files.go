package cli

import (
	"errors"
	"io"
	"os"
)

// Files are what a simulation or a comparison leaves behind. They are opened before it begins:
// nobody waits an hour to hear that a directory is not there.
type Files struct{ svg, csv *os.File }

// OpenFiles opens those that have a name.
func OpenFiles(svg, csv string) (f *Files, err error) {
	f = &Files{}
	for _, x := range []struct {
		to   **os.File
		name string
	}{{&f.svg, svg}, {&f.csv, csv}} {
		if x.name == "" {
			continue
		}
		if *x.to, err = os.Create(x.name); err != nil {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

// Write fills and closes them.
func (f *Files) Write(svg, csv func(io.Writer) error) error {
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

// Close leaves files of a run that failed empty.
func (f *Files) Close() {
	for _, x := range []*os.File{f.svg, f.csv} {
		if x != nil {
			x.Close()
		}
	}
}
