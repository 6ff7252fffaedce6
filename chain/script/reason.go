package script

// reason is Bitcoin Core's sentence for a script failure.
func reason(err error) string { return err.Error() }
