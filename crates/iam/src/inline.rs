//! Inline policies of users, groups and roles.

use dispatch::Fault;

use crate::{
    Iam,
    entities::{Entity, EntityKind},
    faults::{self, LIMIT_EXCEEDED},
    gate::Holder,
    limits::{INLINE_OF_GROUP, INLINE_OF_ROLE, INLINE_OF_USER},
    written,
};

/// Puts a policy, in the place of one with the same name if there is one.
pub(crate) fn put<T: Holder>(iam: &Iam, holder: &mut T, name: &str, text: &str) -> Result<(), Fault> {
    let document = written::identity(iam, text)?;
    let entity = holder.entity_mut();
    entity.inline.insert(name.to_owned(), document);
    let limit = match T::KIND {
        EntityKind::User => INLINE_OF_USER,
        EntityKind::Group => INLINE_OF_GROUP,
        EntityKind::Role => INLINE_OF_ROLE,
    };
    let size: usize = entity.inline.values().map(|document| written::size(&document.text)).sum();
    if size > limit {
        return Err(Fault::new(
            &LIMIT_EXCEEDED,
            format!(
                "Maximum policy size of {limit} bytes exceeded for {} {}",
                entity.kind.as_str(),
                entity.name
            ),
        ));
    }
    Ok(())
}

/// The text of a policy.
pub(crate) fn text<'a>(entity: &'a Entity, name: &str) -> Result<&'a str, Fault> {
    entity.inline.get(name).map(|document| document.text.as_str()).ok_or_else(|| unknown(entity, name))
}

/// Deletes a policy.
pub(crate) fn delete<T: Holder>(holder: &mut T, name: &str) -> Result<(), Fault> {
    let entity = holder.entity_mut();
    if entity.inline.remove(name).is_none() {
        return Err(unknown(entity, name));
    }
    Ok(())
}

fn unknown(entity: &Entity, name: &str) -> Fault {
    faults::no_such(format!("The {} policy with name {name} cannot be found.", entity.kind.as_str()))
}
