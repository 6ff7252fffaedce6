// Package dump keeps a pool in a file while the node is away.
//
// The file is a plain one beside chain.db, in the format of Bitcoin Core's
// mempool.dat, so that the two programs can read each other's. It is no table of
// chain.db for three reasons: it is written whole at a stop and read whole at a
// start, and no record of it is ever looked up; if it is damaged or lost, only
// transactions are lost that their senders send again, and the chain must not
// come under suspicion for it; and nobody who copies or proves a chain wants to
// copy a pool.
//
// It owns the format and the file's safe replacement. It checks no transaction:
// whoever loads a pool gives each one to the pool as if it had just been heard.
// It is a package of its own, though small, because it does I/O and the pool does
// none. Start reading at Save and Load.
package dump
