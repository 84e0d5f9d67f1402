//! Hashing and verifying passwords, on threads of its own. Knows no accounts and no App.
//!
//! One hash takes tens of milliseconds of a core by design, so it must never run where requests are
//! answered; and since anybody may start one by signing in, both the threads and the queue in front
//! of them are bounded: overload is refused instead of hoarded.

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::oneshot;

use crate::services::Error;

/// Hashes that may wait for a thread. At the default cost the last one waits a few seconds, about
/// as long as a person does.
const QUEUE: usize = 256;

/// How expensive a new hash is (config.md `[auth] argon2`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes; they are computed one after the other.
    pub lanes: u32,
}

impl Default for Cost {
    fn default() -> Self {
        Self { memory: 19 * 1024, passes: 2, lanes: 1 }
    }
}

impl Cost {
    /// The cheapest hash that argon2 allows, for tests alone.
    pub const LEAST: Self = Self { memory: 8, passes: 1, lanes: 1 };
}

/// Why a pool could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// argon2 refuses these numbers together.
    #[error("argon2 cannot work with this cost: {0}")]
    Cost(argon2::Error),
    /// The system has no thread to give.
    #[error("no thread for password hashing: {0}")]
    Thread(#[from] std::io::Error),
}

/// The pool. Its threads end when it is dropped.
#[derive(Debug)]
pub struct Passwords {
    jobs: SyncSender<Job>,
    cost: Cost,
}

type Job = Box<dyn FnOnce(&Argon2<'static>) + Send>;

impl Passwords {
    /// Starts a pool of `threads` threads that makes hashes of this cost.
    ///
    /// # Errors
    /// When the cost is out of argon2's range or the system refuses a thread.
    pub fn start(cost: Cost, threads: NonZeroUsize) -> Result<Self, StartError> {
        let params = Params::new(cost.memory, cost.passes, cost.lanes, None);
        let params = params.map_err(StartError::Cost)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let (jobs, queue) = sync_channel(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads.get() {
            let (argon2, queue) = (argon2.clone(), Arc::clone(&queue));
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(&argon2, &queue))?;
        }
        Ok(Self { jobs, cost })
    }

    /// A new hash of `plain`, as a PHC string with a salt of its own.
    ///
    /// # Errors
    /// `Unavailable` when too many hashes wait already.
    pub async fn hash(&self, plain: String) -> Result<String, Error> {
        self.run(move |argon2| {
            let hash = argon2.hash_password(plain.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(Error::internal)
        })
        .await?
    }

    /// Whether `plain` is the password behind `hash`, which may be argon2's or bcrypt's. An empty
    /// or unreadable hash has no password, and saying so takes as long as a wrong one.
    ///
    /// # Errors
    /// `Unavailable` when too many hashes wait already.
    pub async fn verify(&self, plain: String, hash: String) -> Result<bool, Error> {
        self.run(move |argon2| matches(argon2, &plain, &hash)).await
    }

    /// Takes as long as [`Passwords::verify`] does and says no, so that an unknown account is not
    /// told from a wrong password by the time the answer takes. `sample` is the hash of any account
    /// there is: hashes of an older kind take a time of their own.
    ///
    /// # Errors
    /// `Unavailable` when too many hashes wait already.
    pub async fn verify_nobody(&self, plain: String, sample: Option<String>) -> Result<(), Error> {
        self.verify(plain, sample.unwrap_or_default()).await.map(|_| ())
    }

    /// Whether `hash` should be made again at the next sign-in: it is of another kind or cost than
    /// the hashes made now.
    pub fn needs_rehash(&self, hash: &str) -> bool {
        let Ok(hash) = PasswordHash::new(hash) else { return true };
        let decimal = |name| hash.params.get(name).and_then(|value| value.decimal().ok());
        hash.algorithm != Algorithm::Argon2id.ident()
            || hash.version != Some(Version::V0x13.into())
            || decimal("m") != Some(self.cost.memory)
            || decimal("t") != Some(self.cost.passes)
            || decimal("p") != Some(self.cost.lanes)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |argon2| {
            // The asker may be gone by now; then nobody wants the result.
            if !answer.is_closed() {
                answer.send(work(argon2)).ok();
            }
        });
        self.jobs.try_send(job).map_err(|err| match err {
            TrySendError::Full(_) => Error::unavailable("too many password hashes are waiting"),
            TrySendError::Disconnected(_) => Error::internal("the password threads are gone"),
        })?;
        answered.await.map_err(|_| Error::internal("a password thread dropped its work"))
    }
}

/// The life of one thread: it ends when the pool is dropped.
fn work(argon2: &Argon2<'static>, queue: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is held while waiting, so the threads take turns at the queue.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // A job that panics drops its sender, which its asker sees; the thread goes on.
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(argon2))).ok();
    }
}

fn matches(argon2: &Argon2<'static>, plain: &str, hash: &str) -> bool {
    if hash.starts_with("$2") {
        return bcrypt::verify(plain, hash).unwrap_or(false);
    }
    match PasswordHash::new(hash) {
        Ok(hash) => argon2.verify_password(plain.as_bytes(), &hash).is_ok(),
        Err(_) => {
            // Only the time matters; the hash of what was typed is thrown away.
            argon2.hash_password(plain.as_bytes()).ok();
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(cost: Cost) -> Passwords {
        Passwords::start(cost, NonZeroUsize::MIN).unwrap()
    }

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_alone() {
        let passwords = pool(Cost::LEAST);
        let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse".to_owned(), hash.clone()).await.unwrap());
        assert!(!passwords.verify("correct horsE".to_owned(), hash.clone()).await.unwrap());
        assert_ne!(hash, passwords.hash("correct horse".to_owned()).await.unwrap(), "a new salt");
    }

    #[tokio::test]
    async fn hashes_of_bcrypt_verify_and_are_due_for_a_new_one() {
        let passwords = pool(Cost::LEAST);
        for version in ["$2a$", "$2b$", "$2y$"] {
            let hash = bcrypt::hash("1234567890", 4).unwrap().replacen("$2b$", version, 1);
            assert!(passwords.verify("1234567890".to_owned(), hash.clone()).await.unwrap());
            assert!(!passwords.verify("1234567891".to_owned(), hash.clone()).await.unwrap());
            assert!(passwords.needs_rehash(&hash));
        }
    }

    #[tokio::test]
    async fn what_is_not_a_hash_never_verifies() {
        let passwords = pool(Cost::LEAST);
        for hash in ["", "plain", "$2", "$2a$10$short", "$argon2id$v=19$m=8,t=1,p=1$", "$5$a$b"] {
            for plain in ["", "plain", hash] {
                assert!(!passwords.verify(plain.to_owned(), hash.to_owned()).await.unwrap());
            }
        }
        passwords.verify_nobody("x".to_owned(), None).await.unwrap();
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_verifies_and_is_due_for_a_new_one() {
        let (cheap, dear) = (pool(Cost::LEAST), pool(Cost { passes: 2, ..Cost::LEAST }));
        let hash = cheap.hash("secret".to_owned()).await.unwrap();
        assert!(dear.verify("secret".to_owned(), hash.clone()).await.unwrap());
        assert!(dear.needs_rehash(&hash));
        assert!(!cheap.needs_rehash(&hash));
        assert!(cheap.needs_rehash(&hash.replace("argon2id", "argon2i")));
        assert!(cheap.needs_rehash(""));
    }

    #[tokio::test]
    async fn a_full_queue_is_refused_and_drains() {
        let passwords = Arc::new(pool(Cost::LEAST));
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let (entered, inside) = oneshot::channel();
        let blocker = {
            let passwords = Arc::clone(&passwords);
            tokio::spawn(async move {
                passwords
                    .run(move |_| {
                        entered.send(()).ok();
                        gate.recv().ok();
                    })
                    .await
            })
        };
        inside.await.unwrap();
        let mut waiting: Vec<_> =
            (0..QUEUE).map(|_| Box::pin(passwords.hash("x".to_owned()))).collect();
        for job in &mut waiting {
            assert!(futures_util::poll!(job).is_pending());
        }
        let refused = passwords.hash("x".to_owned()).await;
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        open.send(()).unwrap();
        blocker.await.unwrap().unwrap();
        for job in waiting {
            job.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_panic_costs_its_own_asker_only() {
        let passwords = pool(Cost::LEAST);
        let broken = passwords.run(|_| assert_eq!(1, 2, "on purpose")).await;
        assert!(matches!(broken, Err(Error::Internal(_))));
        assert!(passwords.hash("x".to_owned()).await.is_ok());
    }

    #[test]
    fn an_impossible_cost_is_refused_at_the_start() {
        let cost = Cost { memory: 1, passes: 0, lanes: 1 };
        assert!(matches!(Passwords::start(cost, NonZeroUsize::MIN), Err(StartError::Cost(_))));
    }
}
