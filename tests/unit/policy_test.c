/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "provisioner/nodes/policy.h"

#define PXE "PXEClient:Arch:00000:UNDI:002001"

static struct ipc_dhcp packet(const char *vendor_class, const struct mac *mac)
{
	struct ipc_dhcp made = { .message = DHCP_DISCOVER, .arch = 0, .mac = *mac };

	str_copy(made.vendor_class, sizeof(made.vendor_class), vendor_class);
	return made;
}

static void a_pi_4_tells_all(void **state)
{
	/* FourCC, revision c03111, low MAC, serial 1a2b3c4d, little-endian */
	static const uint8_t uuid[17] = { 0, 'R', 'P', 'i', '4', 0x11, 0x31, 0xc0, 0x00, 0x32, 0x01,
		0x36, 0xc2, 0x4d, 0x3c, 0x2b, 0x1a };
	struct ipc_dhcp seen = packet(PXE, &(struct mac){ { 0x02, 0, 0, 0, 0, 1 } });
	struct policy_sender sender;

	(void)state;
	memcpy(seen.uuid, uuid, sizeof(uuid));
	seen.uuid_length = sizeof(uuid);
	policy_identify(&seen, false, &sender);
	assert_true(sender.is_board); /* by what it says, not by its MAC */
	assert_true(sender.is_firmware);
	assert_int_equal(sender.model, BOOT_MODEL_PI4);
	assert_int_equal(sender.revision, 0xc03111);
	assert_int_equal(sender.serial, 0x1a2b3c4d);
}

static void a_pi_is_known_by_its_prefix(void **state)
{
	static const struct mac boards[] = { { { 0xb8, 0x27, 0xeb, 1, 2, 3 } },
		{ { 0xdc, 0xa6, 0x32, 1, 2, 3 } }, { { 0xe4, 0x5f, 0x01, 1, 2, 3 } },
		{ { 0xd8, 0x3a, 0xdd, 1, 2, 3 } }, { { 0x2c, 0xcf, 0x67, 1, 2, 3 } },
		{ { 0x28, 0xcd, 0xc1, 1, 2, 3 } }, { { 0x88, 0xa2, 0x9e, 1, 2, 3 } } };
	struct policy_sender sender;

	(void)state;
	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		struct ipc_dhcp seen = packet(PXE, &boards[i]);

		policy_identify(&seen, false, &sender);
		assert_true(sender.is_board);
		assert_true(sender.is_firmware);
	}
}

/* bramble-init and the system of a node ask for an address too: no boot begins. */
static void a_system_on_a_pi_is_no_firmware(void **state)
{
	struct ipc_dhcp seen =
		packet("bramble-init", &(struct mac){ { 0xdc, 0xa6, 0x32, 1, 2, 3 } });
	struct policy_sender sender;

	(void)state;
	seen.arch = 0xffff;
	policy_identify(&seen, false, &sender);
	assert_true(sender.is_board);
	assert_false(sender.is_firmware);
	str_copy(seen.vendor_class, sizeof(seen.vendor_class), "");
	policy_identify(&seen, false, &sender);
	assert_false(sender.is_firmware);
}

static void a_pc_is_a_board_where_pcs_are_wanted(void **state)
{
	static const struct {
		const char *vendor_class;
		uint16_t arch;
		bool is_pc;
	} cases[] = {
		{ PXE, 0, true }, { "PXEClient:Arch:00007:UNDI:003001", 7, true },
		{ "PXEClient:Arch:00009:UNDI:003001", 9, true },
		{ "HTTPClient:Arch:00016:UNDI:003001", 16, true },
		{ "PXEClient:Arch:00011:UNDI:003000", 11, false }, /* arm64 */
		{ "HTTPClient:Arch:00019:UNDI:003000", 19, false },
		{ "PXEClient:Arch:00016:UNDI:003000", 16, false },
		{ "HTTPClient:Arch:00000:UNDI:003000", 0, false }, { PXE, 0xffff, false },
		{ "MSFT 5.0", 0, false }, /* its system */
	};
	const struct mac mac = { { 0x52, 0x54, 0, 1, 2, 3 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ipc_dhcp seen = packet(cases[i].vendor_class, &mac);
		struct policy_sender sender;

		seen.arch = cases[i].arch;
		policy_identify(&seen, true, &sender);
		assert_int_equal(sender.is_board, cases[i].is_pc);
		assert_int_equal(sender.is_firmware, cases[i].is_pc);
		assert_int_equal(sender.model, cases[i].is_pc ? BOOT_MODEL_PC : BOOT_MODEL_UNKNOWN);
		policy_identify(&seen, false, &sender);
		assert_false(sender.is_board);
		assert_false(sender.is_firmware);
	}
}

/* Its boot ROM says the same architecture. */
static void a_pi_is_no_pc(void **state)
{
	struct ipc_dhcp seen = packet(PXE, &(struct mac){ { 0xb8, 0x27, 0xeb, 1, 2, 3 } });
	struct policy_sender sender;

	(void)state;
	policy_identify(&seen, true, &sender);
	assert_true(sender.is_firmware);
	assert_int_equal(sender.model, BOOT_MODEL_UNKNOWN);
}

static void every_case_is_decided(void **state)
{
	(void)state;
	for (int join = JOIN_AUTO; join <= JOIN_DENY; join++) {
		struct policy_situation s = { .join = (enum settings_join)join };

		for (int bits = 0; bits < 16; bits++) {
			s.a_node_waits = bits & 1;
			s.is_listed = bits & 2;
			s.window_open = bits & 4;
			s.is_successor = bits & 8;
			s.is_parked = false;
			s.is_bound = s.is_parked = true;
			assert_int_equal(policy_decide(&s), POLICY_BOUND);
			s.is_bound = false;
			assert_int_equal(policy_decide(&s), POLICY_PARK);
			s.is_parked = false;
			if (s.is_listed && join != JOIN_DENY)
				assert_int_equal(policy_decide(&s), POLICY_LISTED);
			else if (s.a_node_waits)
				assert_int_equal(policy_decide(&s), POLICY_TAKE);
			else if (join == JOIN_AUTO)
				assert_int_equal(policy_decide(&s),
					s.is_successor ? POLICY_SWAP : POLICY_CREATE);
			else if (join == JOIN_DENY)
				assert_int_equal(policy_decide(&s), POLICY_REFUSE);
			else
				assert_int_equal(policy_decide(&s),
					s.window_open ? POLICY_WINDOW : POLICY_PARK);
		}
	}
}

static void names_follow_the_pattern(void **state)
{
	char name[NODE_NAME_SIZE];
	char longest[NODE_NAME_SIZE + 8];

	(void)state;
	assert_int_equal(policy_name("rasp%d", 1, name), 0);
	assert_string_equal(name, "rasp1");
	assert_int_equal(policy_name("n%d-lab", 4711, name), 0);
	assert_string_equal(name, "n4711-lab");
	assert_int_equal(policy_name("Rasp%d", 1, name), -ERANGE);
	assert_int_equal(policy_name("rasp", 1, name), -ERANGE);
	memset(longest, 'a', sizeof(longest));
	str_copy(longest + 60, sizeof(longest) - 60, "%d");
	assert_int_equal(policy_name(longest, 999, name), 0);
	assert_int_equal(policy_name(longest, 1000, name), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pi_4_tells_all),
		cmocka_unit_test(a_pi_is_known_by_its_prefix),
		cmocka_unit_test(a_system_on_a_pi_is_no_firmware),
		cmocka_unit_test(a_pc_is_a_board_where_pcs_are_wanted),
		cmocka_unit_test(a_pi_is_no_pc),
		cmocka_unit_test(every_case_is_decided),
		cmocka_unit_test(names_follow_the_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
