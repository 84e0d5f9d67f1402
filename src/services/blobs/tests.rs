use futures_util::TryStreamExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;
use crate::domain::settings::{S3, Secret};

const PNG: &str = "image/png";

/// Places for files of each kind, with what is behind them.
struct Places {
    dir: TempDir,
    folder: Folder,
    bucket: Bucket,
}

impl Places {
    async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let folder = Folder::open_at(dir.path().join("storage"), Sync::Yes).unwrap();
        let bucket = bucket(dir.path()).await;
        Self { dir, folder, bucket }
    }

    fn all(&self) -> [Blobs; 2] {
        [Blobs::Folder(self.folder.clone()), Blobs::Bucket(self.bucket.clone())]
    }

    async fn spooled(&self, bytes: &[u8], in_memory: usize) -> Spooled {
        let mut writer = self.folder.spool().writer(u64::MAX, in_memory);
        for piece in bytes.chunks(100_000) {
            writer.write(piece).await.unwrap();
        }
        writer.finish().await.unwrap()
    }
}

/// A bucket of a server that speaks S3, over a folder below `dir`.
async fn bucket(dir: &std::path::Path) -> Bucket {
    let root = dir.join("s3");
    std::fs::create_dir_all(root.join("files")).unwrap();
    let mut service = S3ServiceBuilder::new(FileSystem::new(root).unwrap());
    service.set_auth(SimpleAuth::from_single("key", "secret"));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    let settings = S3 {
        enabled: true,
        bucket: "files".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint,
        access_key: "key".to_owned(),
        secret: Secret::new("secret"),
        force_path_style: true,
    };
    Bucket::new(&settings).unwrap()
}

async fn read(blob: &Blob, range: Range<u64>) -> Vec<u8> {
    blob.pieces(range).try_collect::<Vec<Bytes>>().await.unwrap().concat()
}

#[tokio::test]
async fn what_is_stored_is_read_as_a_whole_and_in_parts() {
    let places = Places::new().await;
    let large: Vec<u8> = (0..20_000_000u32).map(|number| (number % 251) as u8).collect();
    for blobs in places.all() {
        for (bytes, in_memory) in
            [(&b""[..], 10), (b"hello", 10), (&large[..300_000], 0), (&large, 0)]
        {
            let spooled = places.spooled(bytes, in_memory).await;
            blobs.store("c/r/a.bin", &spooled, PNG).await.unwrap();
            let blob = blobs.open("c/r/a.bin").await.unwrap().unwrap();
            let size = bytes.len() as u64;
            assert_eq!((blob.size, blob.first.len() as u64), (size, size.min(FIRST)));
            assert_eq!(read(&blob, 0..size).await, bytes);
            if size > 300 {
                let middle = size / 2;
                for range in [0..7, 255..size.min(262_200), middle..middle + 9, size - 1..size] {
                    let expected = &bytes[range.start as usize..range.end as usize];
                    assert_eq!(read(&blob, range).await, expected);
                }
            }
            assert_eq!(blob.bytes(size).await.unwrap(), bytes);
            assert!(size == 0 || blob.bytes(size - 1).await.is_err());
        }
    }
}

#[tokio::test]
async fn files_are_listed_and_removed() {
    let places = Places::new().await;
    for blobs in places.all() {
        assert!(blobs.list("c/").await.unwrap().is_empty());
        for path in ["c/r/a", "c/r/thumbs_a/1x1_a", "c/s/b", "cc/r/a"] {
            blobs.put(path, path.into(), PNG).await.unwrap();
        }
        let mut listed = blobs.list("c/").await.unwrap();
        listed.sort();
        assert_eq!(listed, ["c/r/a", "c/r/thumbs_a/1x1_a", "c/s/b"]);
        assert_eq!(blobs.list("c/r/thumbs_a/").await.unwrap(), ["c/r/thumbs_a/1x1_a"]);
        for path in ["c/r/a", "c/r/a", "c/none/x", "c/r/thumbs_a/1x1_a"] {
            blobs.remove(path).await.unwrap();
        }
        assert!(blobs.open("c/r/a").await.unwrap().is_none());
        assert_eq!(blobs.list("c/").await.unwrap(), ["c/s/b"]);
    }
    assert!(!places.dir.path().join("storage/c/r").exists(), "an empty folder is no use");
}

#[tokio::test]
async fn no_path_leads_elsewhere() {
    let places = Places::new().await;
    std::fs::write(places.dir.path().join("secret"), "x").unwrap();
    let long = "x".repeat(5_000);
    for blobs in places.all() {
        for path in
            ["../secret", "c/../../secret", "/etc/passwd", "c//x", "c/./x", "", "c/\0", &long]
        {
            assert!(!matches!(blobs.open(path).await, Ok(Some(_))), "{path:?}");
        }
    }
    let folder = Blobs::Folder(places.folder.clone());
    for path in ["../x", "c/.x", "c/\\x", "c/"] {
        let put = folder.put(path, "x".into(), PNG).await;
        assert!(matches!(put, Err(BlobError::Path(_))), "{path:?}");
    }
}

#[tokio::test]
async fn of_a_file_that_is_too_large_only_the_size_is_kept() {
    let places = Places::new().await;
    let mut writer = places.folder.spool().writer(400_000, 1_000);
    for _ in 0..10 {
        writer.write(&[7; 100_000]).await.unwrap();
    }
    let spooled = writer.finish().await.unwrap();
    assert_eq!((spooled.size(), spooled.memory()), (1_000_000, 0));
    assert_eq!(spooled.head().len(), 4 << 10);
    for blobs in places.all() {
        assert!(blobs.store("c/r/a", &spooled, PNG).await.is_err());
        assert!(blobs.open("c/r/a").await.unwrap().is_none());
    }
    drop(spooled);
    let waiting = std::fs::read_dir(places.dir.path().join("storage/.uploads")).unwrap();
    assert_eq!(waiting.count(), 0);
}

#[tokio::test]
async fn a_bucket_that_is_away_is_an_error_and_no_missing_file() {
    let settings = S3 {
        enabled: true,
        bucket: "files".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: "http://127.0.0.1:9".to_owned(),
        access_key: "key".to_owned(),
        secret: Secret::new("secret"),
        force_path_style: true,
    };
    let blobs = Blobs::Bucket(Bucket::new(&settings).unwrap());
    assert!(blobs.put("c/r/a", "x".into(), PNG).await.is_err());
    assert!(blobs.open("c/r/a").await.is_err());
}
