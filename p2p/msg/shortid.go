package msg

import "github.com/btcsuite/btcd/wire/v2"

// ShortIDs are BIP324's one-byte names, by number; "" is not given out.
func ShortIDs() []string {
	return []string{
		0:  "", // a name of 12 bytes follows
		1:  wire.CmdAddr,
		2:  wire.CmdBlock,
		3:  CmdBlockTxn,
		4:  CmdCmpctBlock,
		5:  wire.CmdFeeFilter,
		6:  wire.CmdFilterAdd,
		7:  wire.CmdFilterClear,
		8:  wire.CmdFilterLoad,
		9:  wire.CmdGetBlocks,
		10: CmdGetBlockTxn,
		11: wire.CmdGetData,
		12: wire.CmdGetHeaders,
		13: wire.CmdHeaders,
		14: wire.CmdInv,
		15: wire.CmdMemPool,
		16: wire.CmdMerkleBlock,
		17: wire.CmdNotFound,
		18: wire.CmdPing,
		19: wire.CmdPong,
		20: CmdSendCmpct,
		21: wire.CmdTx,
		22: wire.CmdGetCFilters,
		23: wire.CmdCFilter,
		24: wire.CmdGetCFHeaders,
		25: wire.CmdCFHeaders,
		26: wire.CmdGetCFCheckpt,
		27: wire.CmdCFCheckpt,
		28: wire.CmdAddrV2,
		37: CmdHave, // ours; said only where they were agreed on
		38: CmdGiven,
	}
}
