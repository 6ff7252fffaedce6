package jsonrpc

import "fmt"

// Code is an error number of bitcoind's src/rpc/protocol.h [RPCErrorCode].
type Code int

// The numbers clients compare with, under Core's names.
const (
	CodeParse          Code = -32700 // RPC_PARSE_ERROR
	CodeInvalidRequest Code = -32600 // RPC_INVALID_REQUEST
	CodeMethodNotFound Code = -32601 // RPC_METHOD_NOT_FOUND
	CodeInvalidParams  Code = -32602 // RPC_INVALID_PARAMS
	CodeInternal       Code = -32603 // RPC_INTERNAL_ERROR

	CodeMisc            Code = -1  // RPC_MISC_ERROR
	CodeType            Code = -3  // RPC_TYPE_ERROR
	CodeWallet          Code = -4  // RPC_WALLET_ERROR
	CodeInvalidAddress  Code = -5  // RPC_INVALID_ADDRESS_OR_KEY
	CodeInsufficient    Code = -6  // RPC_WALLET_INSUFFICIENT_FUNDS
	CodeInvalidParam    Code = -8  // RPC_INVALID_PARAMETER
	CodeNotConnected    Code = -9  // RPC_CLIENT_NOT_CONNECTED
	CodeInitialDownload Code = -10 // RPC_CLIENT_IN_INITIAL_DOWNLOAD
	CodeKeypool         Code = -12 // RPC_WALLET_KEYPOOL_RAN_OUT
	CodeWalletUnlock    Code = -13 // RPC_WALLET_UNLOCK_NEEDED
	CodePassphrase      Code = -14 // RPC_WALLET_PASSPHRASE_INCORRECT
	CodeEncState        Code = -15 // RPC_WALLET_WRONG_ENC_STATE
	CodeEncryption      Code = -16 // RPC_WALLET_ENCRYPTION_FAILED
	CodeWalletNotFound  Code = -18 // RPC_WALLET_NOT_FOUND
	CodeWhichWallet     Code = -19 // RPC_WALLET_NOT_SPECIFIED
	CodeDatabase        Code = -20 // RPC_DATABASE_ERROR
	CodeDeserialization Code = -22 // RPC_DESERIALIZATION_ERROR
	CodeNodeAdded       Code = -23 // RPC_CLIENT_NODE_ALREADY_ADDED
	CodeNodeNotAdded    Code = -24 // RPC_CLIENT_NODE_NOT_ADDED
	CodeVerify          Code = -25 // RPC_VERIFY_ERROR
	CodeVerifyRejected  Code = -26 // RPC_VERIFY_REJECTED
	CodeInUTXOSet       Code = -27 // RPC_VERIFY_ALREADY_IN_UTXO_SET
	CodeWarmUp          Code = -28 // RPC_IN_WARMUP
	CodeNodeNotFound    Code = -29 // RPC_CLIENT_NODE_NOT_CONNECTED
	CodeInvalidSubnet   Code = -30 // RPC_CLIENT_INVALID_IP_OR_SUBNET
	CodeP2PDisabled     Code = -31 // RPC_CLIENT_P2P_DISABLED
	CodeNodeCapacity    Code = -34 // RPC_CLIENT_NODE_CAPACITY_REACHED
	CodeWalletLoaded    Code = -35 // RPC_WALLET_ALREADY_LOADED
	CodeWalletExists    Code = -36 // RPC_WALLET_ALREADY_EXISTS
)

// Error is the "error" member of an answer.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s (code %d)", e.Message, e.Code) }

// Errorf makes an *Error.
func Errorf(c Code, format string, args ...any) *Error {
	return &Error{Code: c, Message: fmt.Sprintf(format, args...)}
}
