/**
 * What a caller does with the types that openapi-typescript makes, under openapi-fetch; checked
 * by tsc and run by node. `node calls.js WHAT URL KEY` does one thing, and fails where an answer
 * is not as it should be.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import createClient, { type Client } from "openapi-fetch";

import type { components, paths } from "./ledger.js";

type Ledger = Client<paths>;
type Schemas = components["schemas"];

/** Path and key of a call that changes a wallet. */
function on(wallet_id: string, key: string = randomUUID()) {
  return { path: { wallet_id }, header: { "Idempotency-Key": key } };
}

/** The data of an answer, which must not be a refusal. */
function done<T>(answer: { data?: T; error?: unknown }): T {
  assert(answer.data !== undefined, JSON.stringify(answer.error));
  return answer.data;
}

/** A wallet that has 500.00 INSPIRATION. */
async function funded(ledger: Ledger): Promise<string> {
  const wallet_id = `w-${randomUUID()}`;
  const granted = await ledger.POST("/v1/wallets/{wallet_id}/grants", {
    params: on(wallet_id),
    body: { currency: "INSPIRATION", amount: "500", source: "promotional", reason: "to be spent" },
  });
  assert.equal(done(granted).amount, "500.00");
  return wallet_id;
}

/** A debit of a wallet, by SKU or by amount. */
function debit(ledger: Ledger, wallet_id: string, body: Schemas["DebitBody"], key?: string) {
  return ledger.POST("/v1/wallets/{wallet_id}/debits", { params: on(wallet_id, key), body });
}

/** A hold of a wallet, by SKU or by amount. */
async function hold(ledger: Ledger, wallet_id: string, body: Schemas["HoldBody"]) {
  return done(
    await ledger.POST("/v1/wallets/{wallet_id}/holds", { params: on(wallet_id), body }),
  );
}

/** With a quantity, and without. */
async function debit_by_sku(ledger: Ledger) {
  const wallet_id = await funded(ledger);
  const three = done(await debit(ledger, wallet_id, { sku: "image", quantity: 3 }));
  assert.equal(three.amount, "0.60");
  const single = done(await debit(ledger, wallet_id, { sku: "image", reference: "render-1" }));
  assert.equal(single.amount, "0.20");
  assert.equal(single.quote?.quantity, 1);
}

/** A currency and an amount; not parts of both. */
async function debit_by_amount(ledger: Ledger) {
  const wallet_id = await funded(ledger);
  const body: Schemas["DebitByAmount"] = { currency: "INSPIRATION", amount: "12.5" };
  assert.equal(done(await debit(ledger, wallet_id, body)).available_after, "487.50");
  // @ts-expect-error the compiler knows that a price needs both
  const half: Schemas["DebitBody"] = { currency: "INSPIRATION" };
  const { response } = await debit(ledger, wallet_id, half);
  assert.equal(response.status, 400);
}

/** In part: the rest goes back. */
async function hold_by_sku_and_capture(ledger: Ledger) {
  const wallet_id = await funded(ledger);
  const opened = await hold(ledger, wallet_id, { sku: "video-10s-professional" });
  assert.deepEqual([opened.status, opened.amount], ["open", "70.00"]);
  const { path, header } = on(wallet_id);
  const captured = await ledger.POST("/v1/wallets/{wallet_id}/holds/{hold_id}/capture", {
    params: { path: { ...path, hold_id: opened.hold_id }, header },
    body: { amount: "68" },
  });
  assert.equal(done(captured).returned, "2.00");
}

/** A void has nothing to say, so it needs no body. */
async function hold_by_amount_and_void(ledger: Ledger) {
  const wallet_id = await funded(ledger);
  const price = { currency: "INSPIRATION", amount: "35" };
  const opened = await hold(ledger, wallet_id, { ...price, expires_in_s: 60 });
  const { path, header } = on(wallet_id);
  const voided = await ledger.POST("/v1/wallets/{wallet_id}/holds/{hold_id}/void", {
    params: { path: { ...path, hold_id: opened.hold_id }, header },
  });
  assert.equal(done(voided).status, "voided");
}

/** Debits and holds by SKU and by amount, and what takes no price. */
async function batch_of_several_kinds(ledger: Ledger) {
  const wallet_id = await funded(ledger);
  const of = () => ({ wallet_id, idempotency_key: randomUUID() });
  const commands: Schemas["BatchCommand"][] = [
    { kind: "debit", ...of(), sku: "image" },
    { kind: "debit", ...of(), currency: "INSPIRATION", amount: "1" },
    { kind: "authorize_hold", ...of(), sku: "image", hold_id: "h1" },
    { kind: "authorize_hold", ...of(), currency: "INSPIRATION", amount: "2" },
    { kind: "void_hold", ...of(), hold_id: "h1" },
    { kind: "daily_grant", ...of() },
    { kind: "debit", ...of(), currency: "INSPIRATION", amount: "100000" },
  ];
  const { results } = done(await ledger.POST("/v1/batch", { body: { commands } }));
  assert.deepEqual(
    results.map(({ status }) => status),
    [201, 201, 201, 201, 200, 201, 402],
  );
  const problem = results.at(-1)?.body as Schemas["Problem"];
  assert.match(problem.type, /\/insufficient-funds$/);
}

/** Balances by currency, numbers, and what may be null. */
async function wallet_with_typed_fields(ledger: Ledger) {
  const path = { wallet_id: await funded(ledger) };
  const wallet = done(await ledger.GET("/v1/wallets/{wallet_id}", { params: { path } }));
  assert.equal(wallet.balances["INSPIRATION"]?.available, "500.00");
  assert.deepEqual([wallet.claim_fen + 1, wallet.frozen], [1, false]);
  assert(new Date(wallet.as_of) > new Date("2026-01-01"));
  const membership: Schemas["MembershipAnswer"] | null = wallet.membership;
  assert.equal(membership, null);
}

/** An order is one of two kinds: `kind` says which, to the compiler too. */
async function orders_of_both_kinds(ledger: Ledger) {
  const wallet_id = await funded(ledger);
  const bodies: Schemas["OrderBody"][] = [
    { kind: "recharge", currency: "KUAIBI", price_cny: "10", channel: "sandbox" },
    { kind: "membership", plan: "gold", period: "month", channel: "sandbox" },
  ];
  const goods: string[] = [];
  for (const body of bodies) {
    const params = on(wallet_id);
    const opened = await ledger.POST("/v1/wallets/{wallet_id}/orders", { params, body });
    const path = { order_id: done(opened).order_id };
    const order = done(await ledger.GET("/v1/orders/{order_id}", { params: { path } }));
    goods.push(order.kind === "recharge" ? order.amount : order.plan);
    assert.equal(order.paid_at, null);
  }
  assert.deepEqual(goods, ["100.00", "gold"]);
}

/** A problem with its status, its words and its own fields. */
async function refusal_that_says_why(ledger: Ledger) {
  const wallet_id = await funded(ledger);
  const body = { currency: "INSPIRATION", amount: "500.01" };
  const { data, error, response } = await debit(ledger, wallet_id, body);
  assert.deepEqual([data, response.status], [undefined, 402]);
  assert(error !== undefined && error.status === 402);
  const type: "https://ledger.example/problems/insufficient-funds" = error.type;
  assert(type.endsWith("/insufficient-funds") && error.detail.includes("500.01"));
  assert.equal(error["available"], "500.00");
}

/** The first answer again, which says so. */
async function replay_under_the_same_key(ledger: Ledger) {
  const [wallet_id, key] = [await funded(ledger), randomUUID()];
  const first = await debit(ledger, wallet_id, { sku: "image" }, key);
  const again = await debit(ledger, wallet_id, { sku: "image" }, key);
  assert.deepEqual(again.data, done(first));
  assert.equal(first.response.headers.get("Idempotency-Replayed"), null);
  assert.equal(again.response.headers.get("Idempotency-Replayed"), "true");
}

const [what, baseUrl, apiKey] = process.argv.slice(2);
const calls = {
  debit_by_sku,
  debit_by_amount,
  hold_by_sku_and_capture,
  hold_by_amount_and_void,
  batch_of_several_kinds,
  wallet_with_typed_fields,
  orders_of_both_kinds,
  refusal_that_says_why,
  replay_under_the_same_key,
};
assert(baseUrl !== undefined && what !== undefined && what in calls);
const headers = { Authorization: `Bearer ${apiKey}` };
await calls[what as keyof typeof calls](createClient<paths>({ baseUrl, headers }));
