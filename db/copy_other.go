//go:build !linux

package db

import (
	"errors"
	"os"
)

func clone(*os.File, string) error { return errors.ErrUnsupported }
