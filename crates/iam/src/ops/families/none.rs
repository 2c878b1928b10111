//! What nobody has here: `ListMFADevices`, `GetLoginProfile`, `ListSAMLProviders` and so on. No second factor can be
//! enrolled, no service takes the other credentials, and there are no passwords, certificates and SAML.

use dispatch::{Cx, Fault, Page};
use model::iam::{
    MFADevice, SAMLProviderListEntry, SSHPublicKeyMetadata, ServerCertificateMetadata,
    ServiceSpecificCredentialMetadata, SigningCertificate, VirtualMFADevice,
};

use crate::{
    Iam, access_keys,
    entities::User,
    faults,
    gate::{self, Asked},
    pages,
};

lists! {
    ListMFADevices(input: ListMFADevicesRequest) -> ListMFADevicesResponse { mfa_devices }:
        "UserName={user}", ["userName"],
        none_of_user::<MFADevice>(input.user_name.as_deref());
    ListSSHPublicKeys(input: ListSSHPublicKeysRequest) -> ListSSHPublicKeysResponse { ssh_public_keys }:
        "UserName={user}", ["userName"],
        none_of_user::<SSHPublicKeyMetadata>(input.user_name.as_deref());
    ListServiceSpecificCredentials(input: ListServiceSpecificCredentialsRequest)
        -> ListServiceSpecificCredentialsResponse { service_specific_credentials }:
        "UserName={user}", ["userName", "serviceName", "allUsers"],
        none_of_user::<ServiceSpecificCredentialMetadata>(input.user_name.as_deref());
    ListServerCertificates(input: ListServerCertificatesRequest)
        -> ListServerCertificatesResponse { server_certificate_metadata_list }:
        "", ["pathPrefix"],
        none_of_account::<ServerCertificateMetadata>();
    ListSigningCertificates(input: ListSigningCertificatesRequest)
        -> ListSigningCertificatesResponse { certificates }:
        "UserName={user}", ["userName"],
        none_of_user::<SigningCertificate>(input.user_name.as_deref());
    ListVirtualMFADevices(input: ListVirtualMFADevicesRequest)
        -> ListVirtualMFADevicesResponse { virtual_mfa_devices }:
        "AssignmentStatus=Any", ["assignmentStatus"],
        none_of_account::<VirtualMFADevice>();
}

changes! {
    DeleteLoginProfile(input: DeleteLoginProfileRequest):
        "", ["userName"],
        no_login_profile_to_delete(input.user_name.as_deref());
}

reads! {
    GetLoginProfile(input: GetLoginProfileRequest) -> GetLoginProfileResponse { login_profile }:
        "", ["userName"],
        no_login_profile(input.user_name.as_deref());
    ListSAMLProviders(_input: ListSAMLProvidersRequest) -> ListSAMLProvidersResponse { saml_provider_list }:
        "", [],
        no_saml_providers();
}

/// No providers of the account.
fn no_saml_providers(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
) -> Result<(Option<Vec<SAMLProviderListEntry>>,), Fault> {
    gate::account(iam, cx, action, "*", &Asked::default())?;
    Ok((Some(Vec::new()),))
}

/// No credentials of a user or of the root user.
fn none_of_user<T>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    _: pages::Wish<'_>,
    user: Option<&str>,
) -> Result<Page<T>, Fault> {
    access_keys::holder(iam, cx, action, user)?;
    Ok(none())
}

/// No credentials in the account.
fn none_of_account<T>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    _: pages::Wish<'_>,
) -> Result<Page<T>, Fault> {
    gate::account(iam, cx, action, "*", &Asked::default())?;
    Ok(none())
}

fn none<T>() -> Page<T> {
    Page { items: Vec::new(), truncated: false, next_marker: None }
}

/// No password of a user.
fn no_login_profile<T>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    user: Option<&str>,
) -> Result<T, Fault> {
    let name = without_password(iam, cx, action, user)?;
    Err(faults::no_such(format!("Login Profile for User {name} cannot be found.")))
}

/// The same in the words that AWS has for its deletion.
fn no_login_profile_to_delete<T>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    user: Option<&str>,
) -> Result<T, Fault> {
    let name = without_password(iam, cx, action, user)?;
    Err(faults::no_such(format!("Cannot find Login Profile for User {name}")))
}

/// The name of a user, who has no password.
fn without_password(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    user: Option<&str>,
) -> Result<String, Fault> {
    let name = gate::user_name(cx, user)?;
    gate::holder::<User>(iam, cx, action, &name, &Asked::default())?;
    Ok(name)
}
