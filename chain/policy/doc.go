// Package policy is what we relay beyond what is valid: standard forms of
// transactions, what an output must be worth, what relay costs. Its reject
// words and numbers are Bitcoin Core 30's.
//
// It holds pure functions of their arguments and no state. A refusal is a
// *chain.PolicyError: the transaction may be good in a block, and nobody has
// committed an offence by sending it.
//
// Start with CheckTx in standard.go, then CheckInputs in inputs.go;
// template.go tells the kinds of output scripts apart.
package policy
