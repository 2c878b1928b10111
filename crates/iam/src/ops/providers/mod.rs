//! Operations on OpenID Connect providers.

pub(crate) mod add_client_id_to_open_id_connect_provider;
pub(crate) mod create_open_id_connect_provider;
pub(crate) mod get_open_id_connect_provider;
pub(crate) mod list_open_id_connect_providers;
pub(crate) mod remove_client_id_from_open_id_connect_provider;
pub(crate) mod update_open_id_connect_provider_thumbprint;
