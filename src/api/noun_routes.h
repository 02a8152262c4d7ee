#pragma once
/// One function for each route about sessions, accounts, companies, users, tokens, SFTP accounts, the audit trail, files and
/// their fates. The call has been admitted (access.h).
/// Errors of them all: invalid_input names the parameter or member; not_found, conflict and denied are meant for the client as they are.

#include "api/call.h"
#include "api/message.h"
#include "base/result.h"

namespace pv::api {

[[nodiscard]] Result<Reply> begin_session(Call& call);
[[nodiscard]] Result<Reply> show_session(Call& call);
[[nodiscard]] Result<Reply> end_session(Call& call);

[[nodiscard]] Result<Reply> change_password(Call& call);
[[nodiscard]] Result<Reply> list_sessions(Call& call);
[[nodiscard]] Result<Reply> remove_session(Call& call);
[[nodiscard]] Result<Reply> begin_second_factor(Call& call);
[[nodiscard]] Result<Reply> confirm_second_factor(Call& call);
[[nodiscard]] Result<Reply> remove_second_factor(Call& call);

[[nodiscard]] Result<Reply> create_company(Call& call);
[[nodiscard]] Result<Reply> show_company(Call& call);
[[nodiscard]] Result<Reply> change_company(Call& call);
[[nodiscard]] Result<Reply> remove_company(Call& call);
[[nodiscard]] Result<Reply> list_settings(Call& call);
[[nodiscard]] Result<Reply> change_settings(Call& call);

// Of a company, or, without one, the administrators.
[[nodiscard]] Result<Reply> list_users(Call& call);
[[nodiscard]] Result<Reply> create_user(Call& call);
[[nodiscard]] Result<Reply> change_user(Call& call);
[[nodiscard]] Result<Reply> remove_user(Call& call);

[[nodiscard]] Result<Reply> list_tokens(Call& call);
[[nodiscard]] Result<Reply> create_token(Call& call);
[[nodiscard]] Result<Reply> change_token(Call& call);
[[nodiscard]] Result<Reply> remove_token(Call& call);

[[nodiscard]] Result<Reply> list_sftp_accounts(Call& call);
[[nodiscard]] Result<Reply> create_sftp_account(Call& call);
[[nodiscard]] Result<Reply> change_sftp_account(Call& call);
[[nodiscard]] Result<Reply> remove_sftp_account(Call& call);
[[nodiscard]] Result<Reply> add_sftp_key(Call& call);
[[nodiscard]] Result<Reply> remove_sftp_key(Call& call);

// Of a company, or, without one, of all.
[[nodiscard]] Result<Reply> list_audit(Call& call);
[[nodiscard]] Result<Reply> list_arrivals(Call& call);

[[nodiscard]] Result<Reply> show_arrival(Call& call);
[[nodiscard]] Result<Reply> retry_arrival(Call& call);
[[nodiscard]] Result<Reply> accept_arrival(Call& call);
[[nodiscard]] Result<Reply> reject_arrival(Call& call);

[[nodiscard]] Result<Reply> take_hook(Call& call);

}  // namespace pv::api
