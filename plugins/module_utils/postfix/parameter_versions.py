# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters that came after Postfix 2.10, by the version that brought them (manual page postconf(5)), and those that went.

Only for messages: what a host knows is what its C(postconf -d) shows.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

_NAMES = {
    "2.11": """
        lmdb_map_size lmtp_connection_reuse_count_limit lmtp_dns_support_level
        lmtp_tls_force_insecure_host_tlsa_lookup lmtp_tls_trust_anchor_file
        postscreen_dnsbl_whitelist_threshold smtp_connection_reuse_count_limit smtp_dns_support_level
        smtp_tls_force_insecure_host_tlsa_lookup smtp_tls_trust_anchor_file smtpd_sasl_service
        tls_dane_digest_agility tls_dane_digests tls_dane_trust_anchor_digest_enable tls_ssl_options
        tls_wildcard_matches_multiple_labels tlsmgr_service_name
    """,
    "3.0": """
        compatibility_level confirm_delay_cleared default_delivery_status_filter lmtp_address_verify_target
        lmtp_delivery_status_filter lmtp_dns_reply_filter lmtp_tls_wrappermode local_delivery_status_filter
        message_drop_headers meta_directory nullmx_reject_code pipe_delivery_status_filter
        postscreen_dnsbl_timeout shlib_directory smtp_address_verify_target smtp_delivery_status_filter
        smtp_dns_reply_filter smtp_tls_wrappermode smtpd_dns_reply_filter
        smtpd_policy_service_default_action smtpd_policy_service_request_limit
        smtpd_policy_service_retry_delay smtpd_policy_service_try_limit smtputf8_autodetect_classes
        smtputf8_enable strict_smtputf8 tls_session_ticket_cipher virtual_alias_address_length_limit
        virtual_delivery_status_filter
    """,
    "3.1": """
        address_verify_pending_request_limit default_transport_rate_delay dns_ncache_ttl_fix_enable
        lmtp_fallback_relay milter_macro_defaults openssl_path postscreen_dnsbl_max_ttl
        postscreen_dnsbl_min_ttl smtp_tls_dane_insecure_mx_policy smtpd_client_auth_rate_limit
        smtpd_policy_service_policy_context
    """,
    "3.2": """
        enable_idna2003_compatibility smtp_tcp_port smtpd_milter_maps tls_eecdh_auto_curves
    """,
    "3.3": """
        header_from_format lmtp_balance_inet_protocols service_name smtp_balance_inet_protocols
    """,
    "3.4": """
        lmtp_tls_chain_files lmtp_tls_connection_reuse lmtp_tls_servername maillog_file
        maillog_file_compressor maillog_file_prefixes maillog_file_rotate_suffix postlog_service_name
        postlogd_watchdog_timeout postscreen_reject_footer_maps smtp_tls_chain_files smtp_tls_connection_reuse
        smtp_tls_servername smtpd_reject_footer_maps smtpd_sasl_response_limit smtpd_tls_chain_files
        tls_server_sni_maps tlsproxy_client_CAfile tlsproxy_client_CApath tlsproxy_client_cert_file
        tlsproxy_client_chain_files tlsproxy_client_dcert_file tlsproxy_client_dkey_file
        tlsproxy_client_eccert_file tlsproxy_client_eckey_file tlsproxy_client_enforce_tls
        tlsproxy_client_fingerprint_digest tlsproxy_client_key_file tlsproxy_client_level
        tlsproxy_client_loglevel tlsproxy_client_loglevel_parameter tlsproxy_client_per_site
        tlsproxy_client_policy tlsproxy_client_scert_verifydepth tlsproxy_client_use_tls
        tlsproxy_tls_chain_files
    """,
    "3.5": """
        info_log_address_format tls_fast_shutdown_enable
    """,
    "3.5.20": """
        smtpd_forbid_unauth_pipelining tls_config_file tls_config_name
    """,
    "3.5.23": """
        smtpd_forbid_bare_newline smtpd_forbid_bare_newline_exclusions
    """,
    "3.5.24": """
        cleanup_replace_stray_cr_lf smtpd_forbid_bare_newline_reject_code
    """,
    "3.6": """
        dnssec_probe empty_address_local_login_sender_maps_lookup_key enable_threaded_bounces known_tcp_ports
        local_login_sender_maps postscreen_allowlist_interfaces postscreen_denylist_action
        postscreen_dnsbl_allowlist_threshold respectful_logging smtpd_relay_before_recipient_restrictions
        smtpd_sasl_mechanism_filter
    """,
    "3.7": """
        lmtp_bind_address_enforce lmtp_min_data_rate lmtp_per_request_deadline smtp_bind_address_enforce
        smtp_min_data_rate smtp_per_request_deadline smtpd_min_data_rate smtpd_per_request_deadline
        tlsproxy_client_policy_maps tlsproxy_client_security_level
    """,
    "3.8": """
        allow_srv_lookup_fallback ignore_srv_lookup_error smtpd_client_ipv4_prefix_length
        smtpd_client_ipv6_prefix_length tls_ffdhe_auto_groups use_srv_lookup
    """,
    "3.9": """
        force_mime_input_conversion lmtp_sasl_password_result_delimiter lmtp_tls_enable_rpk
        maillog_file_permissions smtp_sasl_password_result_delimiter smtp_tls_enable_rpk
        smtpd_tls_enable_rpk tlsproxy_tls_enable_rpk
    """,
    "3.10": """
        full_name_encoding_charset lmtp_tlsrpt_enable lmtp_tlsrpt_skip_reused_handshakes
        lmtp_tlsrpt_socket_name smtp_tlsrpt_enable smtp_tlsrpt_skip_reused_handshakes
        smtp_tlsrpt_socket_name smtpd_hide_client_session socketmap_max_reply_size tls_required_enable
    """,
    "3.10.5": """
        lmtp_tls_enforce_sts_mx_patterns smtp_tls_enforce_sts_mx_patterns
    """,
    "3.11": """
        default_cache_db_type lmtp_log_tls_feature_status lmtp_requiretls_policy non_bdb_custom_mapping
        non_bdb_migration_allow_root_prefixes non_bdb_migration_allow_user_prefixes non_bdb_migration_level
        non_bdb_migration_log_redirect non_bdb_migration_service_name non_empty_end_of_header_action
        relocated_prefix_enable requiretls_enable requiretls_esmtp_header requiretls_redact_dsn
        smtp_log_tls_feature_status smtp_requiretls_policy smtpd_reject_filter_maps
    """,
}

# Parameter -> version, as text.
INTRODUCED = dict((name, version) for version, names in _NAMES.items() for name in names.split())

# Those that a later version dropped without a default that still refers to them -> that version, as text.
WITHDRAWN = {
    "tls_dane_digest_agility": "3.4",
    "tls_dane_trust_anchor_digest_enable": "3.4",
    "tls_legacy_public_key_fingerprints": "3.11",
    "tlsproxy_tls_session_cache_database": "3.0",
    "tlsproxy_tls_session_cache_timeout": "3.0",
}
