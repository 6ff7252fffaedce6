// Two clients from npm's registry ask a node, and say what they were told: a line of JSON for each part. Between the
// parts it waits for a line on its input, which says that the test has mined.

"use strict";
const Electrum = require("@mempool/electrum-client");
const mempool = require("@mempool/mempool.js");
const lines = require("readline").createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const { PORT, REST, ADDRESS, SCRIPT, HEX } = process.env;
const say = (part, answer) => console.log(JSON.stringify({ part, answer }));

async function electrum() {
  const client = new Electrum(Number(PORT), "127.0.0.1", "tcp", {}, { onLog: () => {} });
  await client.initElectrum({ client: "npm", version: "1.4" });
  const heard = (what) => new Promise((done) => client.subscribe.once(what, done));
  const tip = await client.blockchainHeaders_subscribe();
  await client.blockchainScripthash_subscribe(SCRIPT);
  const paid = heard("blockchain.scripthash.subscribe");
  const txid = await client.blockchainTransaction_broadcast(HEX);
  const [script, status] = await paid;
  const waiting = await client.blockchainScripthash_getMempool(SCRIPT);
  const header = heard("blockchain.headers.subscribe"), mined = heard("blockchain.scripthash.subscribe");
  say("sent", { tip: tip.height, txid, script, changed: typeof status === "string", waiting: waiting.map((x) => x.tx_hash) });
  await lines.next();
  const [next] = await header;
  await mined;
  const history = await client.blockchainScripthash_getHistory(SCRIPT);
  const at = history[history.length - 1];
  say("mined", {
    height: next.height, history: history.map((x) => x.tx_hash), balance: await client.blockchainScripthash_getBalance(SCRIPT),
    coins: (await client.blockchainScripthash_listunspent(SCRIPT)).map((x) => x.tx_hash), hex: await client.blockchainTransaction_get(txid),
    proof: (await client.blockchainTransaction_getMerkle(txid, at.height)).block_height, header: await client.request("blockchain.block.header", [at.height]),
  });
  client.close();
}

async function esplora() {
  const { bitcoin } = mempool({ hostname: REST, protocol: "http", network: "regtest" });
  const [address, txs, coins] = [await bitcoin.addresses.getAddress({ address: ADDRESS }), await bitcoin.addresses.getAddressTxs({ address: ADDRESS }), await bitcoin.addresses.getAddressTxsUtxo({ address: ADDRESS })];
  const txid = txs[0].txid, hash = await bitcoin.blocks.getBlocksTipHash();
  say("esplora", {
    height: await bitcoin.blocks.getBlocksTipHeight(), hash, chain: address.chain_stats, txs: txs.map((x) => x.txid), coins: coins.map((x) => x.txid),
    hex: await bitcoin.transactions.getTxHex({ txid }), status: await bitcoin.transactions.getTxStatus({ txid }), outspends: (await bitcoin.transactions.getTxOutspends({ txid })).length,
    proof: (await bitcoin.transactions.getTxMerkleProof({ txid })).pos, txids: await bitcoin.blocks.getBlockTxids({ hash }), pool: await bitcoin.mempool.getMempoolTxids(),
  });
}

electrum().then(esplora).then(() => process.exit(0), (why) => {
  console.error(why);
  process.exit(1);
});
