package rawapi

import (
	"bytes"
	"context"
	"encoding/base64"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet/descriptor"
)

// messageRows sign and verify texts.
func (a *API) messageRows() []jsonrpc.Method {
	return jsonrpc.Group("Util",
		jsonrpc.Method{Name: "verifymessage", Params: "address:text signature:text message:text", Do: a.verifyMessage,
			Help: "Says whether a message was signed by who has the key of a legacy address.", Example: "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r H8k9WfMlGHzmGP5SprZaRGs5ZVaBnYHzlEGGDk0WKRPbVQMzGMLpoXsBBPMz+xSfuFwdw1fxqVwVOzjkyV2yHHc= hello"},
		jsonrpc.Method{Name: "signmessagewithprivkey", Params: "privkey:text message:text", Do: a.signMessageWithPrivKey,
			Help: "Signs a message with a private key, which is not kept.", Example: "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA hello"},
	)
}

// messageMagic keeps a signed message from being a signed transaction [MESSAGE_MAGIC].
const messageMagic = "Bitcoin Signed Message:\n"

func messageHash(message string) []byte {
	var b bytes.Buffer
	_ = wire.WriteVarString(&b, 0, messageMagic) // a buffer takes everything
	_ = wire.WriteVarString(&b, 0, message)
	return chainhash.DoubleHashB(b.Bytes())
}

func (a *API) verifyMessage(_ context.Context, c *jsonrpc.Call) (any, error) {
	script, err := show.PayTo(c.String("address"), a.Params.Params)
	if err != nil {
		c.Refuse(jsonrpc.CodeInvalidAddress, "Invalid address")
	} else if !txscript.IsPayToPubKeyHash(script) {
		c.Refuse(jsonrpc.CodeType, "Address does not refer to key")
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(c.String("signature"))
	if err != nil {
		c.Refuse(jsonrpc.CodeType, "Malformed base64 encoding")
	}
	message := c.String("message")
	if err := c.Err(); err != nil {
		return nil, err
	}
	pub, compressed, err := ecdsa.RecoverCompact(sig, messageHash(message))
	if err != nil {
		return false, nil
	}
	key := pub.SerializeUncompressed()
	if compressed {
		key = pub.SerializeCompressed()
	}
	return bytes.Equal(address.Hash160(key), script[3:23]), nil
}

func (a *API) signMessageWithPrivKey(_ context.Context, c *jsonrpc.Call) (any, error) {
	secret, err := a.readSecret(c.String("privkey"))
	if err != nil {
		return nil, err
	}
	return SignMessage(secret, c.String("message")), c.Err()
}

// SignMessage is a message's signature by a key, as verifymessage reads it.
func SignMessage(secret descriptor.Secret, message string) string {
	return base64.StdEncoding.EncodeToString(ecdsa.SignCompact(secret.Key, messageHash(message), secret.Compressed))
}

// readSecret reads a private key of this network. No error repeats it.
func (a *API) readSecret(text string) (descriptor.Secret, error) {
	secret, ok := descriptor.ReadSecret(text, a.Params.Params)
	if !ok {
		return secret, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Invalid private key")
	}
	return secret, nil
}
