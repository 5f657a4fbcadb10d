/* SPDX-License-Identifier: ISC */
/* The verbs of `bramble`: one function each, listed with their properties in commands.c. argv
 * begins behind the verb. */
#ifndef BRAMBLE_CLI_COMMANDS_H
#define BRAMBLE_CLI_COMMANDS_H

#include "provisioner/cli/cli.h"

/* All verbs; those of a group lie below it. */
extern const struct cli_command commands_table[];
/* Below "rollout", whose first word may be left out. */
extern const struct cli_command commands_rollout[];

enum cli_exit status_main(struct cli *cli, int argc, char **argv);
enum cli_exit doctor_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_list_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_show_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_admit_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_replace_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_undo_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_reboot_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_health_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_identify_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_scratch_format_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_cordon_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_uncordon_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_retry_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_note_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_forget_main(struct cli *cli, int argc, char **argv);
enum cli_exit board_list_main(struct cli *cli, int argc, char **argv);
enum cli_exit board_show_main(struct cli *cli, int argc, char **argv);
enum cli_exit board_note_main(struct cli *cli, int argc, char **argv);
enum cli_exit rules_list_main(struct cli *cli, int argc, char **argv);
enum cli_exit rules_test_main(struct cli *cli, int argc, char **argv);
enum cli_exit admit_main(struct cli *cli, int argc, char **argv);
enum cli_exit import_main(struct cli *cli, int argc, char **argv);
enum cli_exit boot_list_main(struct cli *cli, int argc, char **argv);
enum cli_exit boot_show_main(struct cli *cli, int argc, char **argv);
enum cli_exit boot_watch_main(struct cli *cli, int argc, char **argv);
enum cli_exit boot_latest_main(struct cli *cli, int argc, char **argv);
enum cli_exit events_main(struct cli *cli, int argc, char **argv);
enum cli_exit hooks_list_main(struct cli *cli, int argc, char **argv);
enum cli_exit hooks_test_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_list_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_build_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_show_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_diff_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_verify_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_export_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_import_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_pin_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_unpin_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_use_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_rollback_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_gc_main(struct cli *cli, int argc, char **argv);
enum cli_exit rollout_main(struct cli *cli, int argc, char **argv);
enum cli_exit rollout_start_main(struct cli *cli, int argc, char **argv);
enum cli_exit rollout_status_main(struct cli *cli, int argc, char **argv);
enum cli_exit rollout_list_main(struct cli *cli, int argc, char **argv);
enum cli_exit rollout_pause_main(struct cli *cli, int argc, char **argv);
enum cli_exit rollout_resume_main(struct cli *cli, int argc, char **argv);
enum cli_exit rollout_abort_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_create_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_status_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_kubeconfig_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_snapshot_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_snapshots_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_restore_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_rebuild_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_upgrade_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_renew_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_reset_main(struct cli *cli, int argc, char **argv);
enum cli_exit addon_list_main(struct cli *cli, int argc, char **argv);
enum cli_exit addon_show_main(struct cli *cli, int argc, char **argv);
enum cli_exit addon_diff_main(struct cli *cli, int argc, char **argv);
enum cli_exit addon_apply_main(struct cli *cli, int argc, char **argv);
enum cli_exit addon_remove_main(struct cli *cli, int argc, char **argv);
enum cli_exit addon_images_main(struct cli *cli, int argc, char **argv);
enum cli_exit state_backups_main(struct cli *cli, int argc, char **argv);
enum cli_exit state_backup_main(struct cli *cli, int argc, char **argv);
enum cli_exit state_restore_main(struct cli *cli, int argc, char **argv);
enum cli_exit state_export_main(struct cli *cli, int argc, char **argv);
enum cli_exit state_import_main(struct cli *cli, int argc, char **argv);
enum cli_exit config_check_main(struct cli *cli, int argc, char **argv);
enum cli_exit config_show_main(struct cli *cli, int argc, char **argv);
enum cli_exit config_diff_main(struct cli *cli, int argc, char **argv);
enum cli_exit config_apply_main(struct cli *cli, int argc, char **argv);
enum cli_exit version_main(struct cli *cli, int argc, char **argv);
enum cli_exit help_main(struct cli *cli, int argc, char **argv);

/* The whole program, on the streams of `cli` (zeroed otherwise). argv[0] is its name. Returns the
 * exit status. */
enum cli_exit commands_run(struct cli *cli, int argc, char **argv);

#endif
