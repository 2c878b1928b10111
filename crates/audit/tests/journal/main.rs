//! The journal's promises, kept against crashes, failing disks, tampering and load.

#[cfg(test)]
mod compressed;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod load;
#[cfg(test)]
mod scene;
