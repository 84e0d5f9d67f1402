//! Files in a bucket of a store that speaks S3, each under its path as the key.

use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, GetOptions, GetRange, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, WriteMultipart,
};
use tokio::io::AsyncReadExt;
use url::{Host, Url};

use crate::domain::settings::S3;
use crate::services::blobs::spool::{Content, Spooled};
use crate::services::blobs::{Blob, BlobError, FIRST, Pieces};

/// Bytes of one part of a large upload, and how many are under way at once.
const PART: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 2;

/// A bucket of files.
#[derive(Debug, Clone)]
pub struct Bucket {
    store: Arc<AmazonS3>,
}

/// What a list of a bucket says of a file.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// How many bytes it has.
    pub size: u64,
    /// When it was stored.
    pub modified: SystemTime,
}

/// A file that can be read on.
pub(super) struct Rest {
    store: Arc<AmazonS3>,
    path: Path,
}

impl Bucket {
    /// The bucket that `settings` describe. Whether it is there shows when it is used.
    ///
    /// # Errors
    /// When they cannot be those of a bucket.
    pub fn new(settings: &S3) -> Result<Self, BlobError> {
        // Its client takes the provider of the process and fails without one; another one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_endpoint(endpoint(settings))
            .with_access_key_id(&settings.access_key)
            .with_secret_access_key(settings.secret.reveal())
            .with_virtual_hosted_style_request(!is_by_path(settings))
            .with_client_options(ClientOptions::new().with_allow_http(true))
            .build()?;
        Ok(Self { store: Arc::new(store) })
    }

    /// The files whose keys have no slash.
    ///
    /// # Errors
    /// What the store says.
    pub async fn entries(&self) -> Result<Vec<Entry>, BlobError> {
        let found = self.store.list_with_delimiter(None).await?;
        let entry = |meta: object_store::ObjectMeta| Entry {
            key: meta.location.to_string(),
            size: meta.size,
            modified: SystemTime::from(meta.last_modified),
        };
        Ok(found.objects.into_iter().map(entry).collect())
    }

    pub(super) async fn store(
        &self,
        path: &str,
        spooled: &Spooled,
        mime: &str,
    ) -> Result<(), BlobError> {
        let path = key(path)?;
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::ContentType, mime.to_owned().into());
        match spooled.content() {
            Content::Memory(bytes) => {
                let options = PutOptions { attributes, ..PutOptions::default() };
                self.store.put_opts(&path, PutPayload::from(bytes.clone()), options).await?;
                Ok(())
            }
            Content::Disk(file) => {
                let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
                let upload = self.store.put_multipart_opts(&path, options).await?;
                let mut writer = WriteMultipart::new_with_chunk_size(upload, PART);
                match send(&mut writer, file).await {
                    Ok(()) => writer.finish().await.map(|_| ()).map_err(BlobError::from),
                    Err(error) => {
                        let _ = writer.abort().await;
                        Err(error)
                    }
                }
            }
            Content::Gone => Err(BlobError::Other("the file was not kept".into())),
        }
    }

    pub(super) async fn open(&self, path: &str) -> Result<Option<Blob>, BlobError> {
        let Ok(path) = key(path) else { return Ok(None) };
        let options =
            GetOptions { range: Some(GetRange::Bounded(0..FIRST)), ..GetOptions::default() };
        let (meta, first) = match self.store.get_opts(&path, options).await {
            Ok(found) => (found.meta.clone(), found.bytes().await?),
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            // No range fits an empty file.
            Err(error) => match self.store.head(&path).await {
                Ok(meta) if meta.size == 0 => (meta, Bytes::new()),
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                _ => return Err(error.into()),
            },
        };
        let rest = super::Rest::Bucket(Rest { store: Arc::clone(&self.store), path });
        let modified = SystemTime::from(meta.last_modified);
        Ok(Some(Blob { size: meta.size, modified, first, rest }))
    }

    pub(super) async fn remove(&self, path: &str) -> Result<(), BlobError> {
        let Ok(path) = key(path) else { return Ok(()) };
        match self.store.delete(&path).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<String>, BlobError> {
        let prefix = key(prefix.trim_end_matches('/'))?;
        let found = self.store.list(Some(&prefix)).map_ok(|meta| meta.location.to_string());
        Ok(found.try_collect().await?)
    }
}

/// The address that paths are put behind. Where the bucket is part of the host, the builder wants it
/// there already.
/// Whether the bucket stands in the path of its addresses. A host without a name cannot have it before that.
fn is_by_path(settings: &S3) -> bool {
    let url = Url::parse(&settings.endpoint).ok();
    let host = url.as_ref().and_then(Url::host);
    settings.force_path_style || !matches!(host, Some(Host::Domain(_)))
}

fn endpoint(settings: &S3) -> String {
    let address = settings.endpoint.trim_end_matches('/');
    match address.split_once("://") {
        Some((scheme, host)) if !is_by_path(settings) => {
            format!("{scheme}://{}.{host}", settings.bucket)
        }
        _ => address.to_owned(),
    }
}

async fn send(writer: &mut WriteMultipart, file: &std::path::Path) -> Result<(), BlobError> {
    let mut file = tokio::fs::File::open(file).await?;
    loop {
        let mut piece = Vec::with_capacity(256 << 10);
        if (&mut file).take(256 << 10).read_to_end(&mut piece).await? == 0 {
            return Ok(());
        }
        writer.wait_for_capacity(PARTS_AT_ONCE).await?;
        writer.put(piece.into());
    }
}

fn key(path: &str) -> Result<Path, BlobError> {
    Path::parse(path).map_err(|_| BlobError::Path(path.to_owned()))
}

impl Rest {
    pub(super) fn pieces(&self, range: Range<u64>) -> Pieces {
        let (store, path) = (Arc::clone(&self.store), self.path.clone());
        futures_util::stream::once(async move {
            let range = Some(GetRange::Bounded(range));
            let found =
                store.get_opts(&path, GetOptions { range, ..GetOptions::default() }).await?;
            Ok::<_, BlobError>(found.into_stream().map_err(BlobError::from))
        })
        .try_flatten()
        .boxed()
    }
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        Self::Other(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_in_the_path_or_in_the_host() {
        let settings = |force_path_style| S3 {
            bucket: "files".to_owned(),
            endpoint: "https://s3.example:9000/".to_owned(),
            force_path_style,
            ..S3::default()
        };
        assert_eq!(endpoint(&settings(true)), "https://s3.example:9000");
        assert_eq!(endpoint(&settings(false)), "https://files.s3.example:9000");
    }
}
