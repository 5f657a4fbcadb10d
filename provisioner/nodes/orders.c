/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/orders.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/cluster/engine.h"

#define OPEN_LIMIT 8 /* of one node */
#define EXPIRE_LIMIT 64
/* Long enough for a heartbeat that is lost, and another one. */
#define SHORTEST_LIFE_MS 60000
#define LIFE_HEARTBEATS 4

struct open {
	size_t n;
	struct registry_order orders[EXPIRE_LIMIT];
};

static int collect(void *argument, const struct registry_order *order)
{
	struct open *open = argument;

	open->orders[open->n++] = *order;
	return open->n == EXPIRE_LIMIT;
}

static void find_open(struct brambled *brambled, uint32_t node, struct open *open)
{
	open->n = 0;
	(void)registry_each_order(brambled->registry, node, true, collect, open);
}

static int conclude(struct brambled *brambled, int result, char reason[static ORDERS_REASON_SIZE])
{
	result = brambled_conclude(brambled, result);
	if (result != 0)
		snprintf(reason, ORDERS_REASON_SIZE, "the registry can't be written: %.100s",
			strerror(-result));
	return result;
}

static int refuse(struct brambled *brambled, const struct registry_node *node, const char *verb,
	char reason[static ORDERS_REASON_SIZE])
{
	struct open open;

	if (!node->has_board || !node->joined) {
		snprintf(reason, ORDERS_REASON_SIZE,
			"%s doesn't run: only a node that has joined takes orders (see `bramble "
			"node show %s`)",
			node->name, node->name);
		return -EEXIST;
	}
	find_open(brambled, node->id, &open);
	for (size_t i = 0; i < open.n; i++) {
		if (strcmp(verb, "reboot") == 0 && strcmp(open.orders[i].verb, verb) == 0) {
			snprintf(reason, ORDERS_REASON_SIZE, "%s was told to reboot already",
				node->name);
			return -EEXIST;
		}
	}
	if (open.n < OPEN_LIMIT)
		return 0;
	snprintf(reason, ORDERS_REASON_SIZE,
		"%s has %zu orders that it didn't answer yet; they expire by themselves",
		node->name, open.n);
	return -EEXIST;
}

static int64_t life_ms(const struct brambled *brambled)
{
	int64_t life = LIFE_HEARTBEATS * 1000 * brambled->settings.heartbeat_s;

	return life > SHORTEST_LIFE_MS ? life : SHORTEST_LIFE_MS;
}

static int put_order(struct brambled *brambled, const struct registry_node *node, const char *verb,
	const char *target, unsigned seconds, struct registry_order *order)
{
	int64_t now = clock_wall_ms();
	int result;

	*order = (struct registry_order){ .node = node->id,
		.seconds = seconds,
		.created_ms = now,
		.changed_ms = now,
		.expires_ms = now + life_ms(brambled) };
	str_copy(order->verb, sizeof(order->verb), verb);
	str_copy(order->target, sizeof(order->target), target);
	result = registry_put_order(brambled->registry, order);
	if (result == 0)
		brambled_event(brambled, "order.given", node->name,
			"%s: %s%s%s was ordered (order %lld)", node->name, verb, *target ? " " : "",
			target, (long long)order->id);
	return result;
}

int orders_prepare(struct brambled *brambled, const struct registry_node *node, const char *verb,
	struct registry_order *order, char reason[static ORDERS_REASON_SIZE])
{
	int result = refuse(brambled, node, verb, reason);

	return result == 0 ? put_order(brambled, node, verb, "", 0, order) : result;
}

int orders_give(struct brambled *brambled, const struct registry_node *node, const char *verb,
	const char *target, unsigned seconds, struct registry_order *order,
	char reason[static ORDERS_REASON_SIZE])
{
	int result = refuse(brambled, node, verb, reason);

	if (result != 0)
		return result;
	return conclude(brambled, put_order(brambled, node, verb, target, seconds, order), reason);
}

static bool waits_for_drain(const struct registry_order *order)
{
	return order->state == ORDER_PENDING && strcmp(order->verb, "reboot") == 0 &&
	       order->seconds != ORDERS_AT_ONCE;
}

/* As engine.h has it: 0, -EAGAIN with what it waits for, or why it can't be. */
static int drain(struct brambled *brambled, const struct registry_order *order,
	struct registry_node *node, char reason[static ENGINE_REASON_SIZE])
{
	reason[0] = '\0';
	if (brambled->rehearsing || !waits_for_drain(order) ||
		registry_node_of_id(brambled->registry, order->node, node) != 0)
		return 0;
	return engine_of(brambled)->drain(brambled, node->name, reason);
}

void orders_explain(struct brambled *brambled, const struct registry_order *order,
	char text[static ORDERS_REASON_SIZE])
{
	char reason[ENGINE_REASON_SIZE];
	struct registry_node node;

	text[0] = '\0';
	if (drain(brambled, order, &node, reason) != 0)
		snprintf(text, ORDERS_REASON_SIZE, "%s", reason);
}

static bool may_be_told(struct brambled *brambled, const struct registry_order *order, int64_t boot)
{
	char reason[ENGINE_REASON_SIZE];
	struct registry_node node;

	return order->expires_ms > clock_wall_ms() && (order->boot == 0 || order->boot == boot) &&
	       drain(brambled, order, &node, reason) == 0;
}

int orders_next(struct brambled *brambled, const struct registry_node *node, int64_t boot,
	struct registry_order *order)
{
	int64_t now = clock_wall_ms();
	struct open open;
	int result;
	size_t i = 0;

	find_open(brambled, node->id, &open);
	while (i < open.n && !may_be_told(brambled, &open.orders[i], boot))
		i++;
	if (i == open.n || boot == 0)
		return -ENOENT;
	*order = open.orders[i];
	if (order->state == ORDER_SENT)
		return 0;
	/* Durable first: a brambled that dies now must not tell it to the next boot. */
	order->state = ORDER_SENT;
	order->boot = boot;
	order->changed_ms = now;
	result = registry_put_order(brambled->registry, order);
	return result == 0 ? brambled_commit(brambled) : -ENOENT;
}

/* A node that reboots takes work again when it is back, one that doesn't at once. */
static void let_return(struct brambled *brambled, const struct registry_order *order,
	const char *name, enum registry_order_state state)
{
	char reason[ENGINE_REASON_SIZE];

	if (strcmp(order->verb, "reboot") != 0)
		return;
	if (state == ORDER_DONE)
		engine_of(brambled)->expect(brambled, name);
	else
		(void)engine_of(brambled)->uncordon(brambled, name, reason);
}

static void settle(struct brambled *brambled, struct registry_order *order, const char *name,
	enum registry_order_state state, const char *text)
{
	static const char *const kinds[] = { [ORDER_PENDING] = "",
		[ORDER_SENT] = "",
		[ORDER_DONE] = "order.done",
		[ORDER_FAILED] = "order.failed",
		[ORDER_EXPIRED] = "order.expired" };

	order->state = state;
	order->changed_ms = clock_wall_ms();
	str_copy(order->text, sizeof(order->text), text);
	(void)registry_put_order(brambled->registry, order);
	let_return(brambled, order, name, state);
	brambled_event(brambled, kinds[state], name, "%s: %s%s%.150s", name, order->verb,
		text[0] ? ": " : "", text);
}

int orders_acknowledge(struct brambled *brambled, const struct registry_node *node, int64_t boot,
	int64_t id, bool done, const char *text)
{
	struct registry_order order;
	int result = registry_get_order(brambled->registry, id, &order);

	if (result != 0)
		return result;
	if (order.node != node->id || order.boot != boot || boot == 0)
		return -ENOENT;
	/* Said again; only "it reboots" may turn out to be wrong. */
	if (order.state == ORDER_FAILED || (order.state == ORDER_DONE && done))
		return 0;
	settle(brambled, &order, node->name, done ? ORDER_DONE : ORDER_FAILED, text);
	return brambled_commit(brambled);
}

void orders_joined(struct brambled *brambled, const struct registry_node *node, int64_t boot)
{
	struct open open;

	find_open(brambled, node->id, &open);
	for (size_t i = 0; i < open.n; i++) {
		struct registry_order *order = &open.orders[i];

		if (order->boot == 0 || order->boot == boot)
			continue;
		if (strcmp(order->verb, "reboot") == 0)
			settle(brambled, order, node->name, ORDER_DONE, "it has booted again");
		else
			settle(brambled, order, node->name, ORDER_FAILED,
				"it booted again before it had answered");
	}
}

/* Returns whether the order goes on waiting; it doesn't expire meanwhile. */
static bool follow_drain(struct brambled *brambled, struct registry_order *order)
{
	char reason[ENGINE_REASON_SIZE];
	struct registry_node node = { 0 };
	int64_t expires = clock_wall_ms() + life_ms(brambled);
	int result = drain(brambled, order, &node, reason);

	if (result == 0)
		return false;
	if (result != -EAGAIN) {
		settle(brambled, order, node.name, ORDER_FAILED, reason);
		return true;
	}
	if (expires - order->expires_ms > life_ms(brambled) / 2) {
		order->expires_ms = expires;
		(void)registry_put_order(brambled->registry, order);
	}
	return true;
}

void orders_tick(struct brambled *brambled)
{
	int64_t now = clock_wall_ms();
	struct open open;

	find_open(brambled, 0, &open);
	for (size_t i = 0; i < open.n; i++) {
		struct registry_order *order = &open.orders[i];
		struct registry_node node = { 0 };

		if (follow_drain(brambled, order) || order->expires_ms > now)
			continue;
		(void)registry_node_of_id(brambled->registry, order->node, &node);
		settle(brambled, order, node.name, ORDER_EXPIRED,
			order->state == ORDER_SENT
				? "it was sent, but the node didn't say what became of it"
				: "the node didn't ask for it in time");
	}
}
