//! What a power cut leaves of a folder: the files as they were, and of all that was written since
//! only what was synced; or that and a random part of the rest, torn at the edges of sectors.
//!
//! A file's content lasts once the file was synced, its name once the folder was.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

use super::random::Random;
use crate::services::Problem;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;
/// The first bytes of an entry of the journal.
const MARK: u32 = 0x6b61_7373;
/// The length of an entry without what follows it, in bytes.
const HEAD: usize = 32;

/// The files of a folder, by their full names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Image {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Image {
    /// A folder as it is now.
    pub(crate) fn of(folder: &Path) -> Result<Self, Problem> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_file() {
                files.insert(path.clone(), fs::read(path)?);
            }
        }
        Ok(Self { files })
    }

    /// What is left of it after all that the journal tells. Without `luck` nothing survives that
    /// was not synced, with it a part.
    ///
    /// # Errors
    /// When the journal cannot be read, or a write in it goes to a file that was never opened.
    pub(crate) fn after(self, journal: &[u8], luck: Option<&mut Random>) -> Result<Self, Problem> {
        let mut disk = Disk::new(self);
        let mut rest = journal;
        let mut end = 0;
        while let Some((entry, after)) = Entry::read(rest)? {
            end += rest.len() - after.len();
            disk.take(&entry, u64::try_from(end)?)?;
            rest = after;
        }
        if let Some(luck) = luck {
            disk.keep_some(luck);
        }
        Ok(disk.into_image())
    }

    /// Makes a folder this image and nothing else.
    pub(crate) fn restore(&self, folder: &Path) -> Result<(), Problem> {
        fs::remove_dir_all(folder)?;
        fs::create_dir_all(folder)?;
        for (path, content) in &self.files {
            fs::write(path, content)?;
        }
        Ok(())
    }
}

/// An entry of the journal, as `disk.c` writes it.
struct Entry<'a> {
    what: u32,
    file: u64,
    number: u64,
    bytes: &'a [u8],
}

impl<'a> Entry<'a> {
    /// The next entry; `None` at the end, also where the last one is not whole: its write was not
    /// over when the server was killed.
    fn read(from: &'a [u8]) -> Result<Option<(Self, &'a [u8])>, Problem> {
        let Some((head, rest)) = from.split_at_checked(HEAD) else {
            return Ok(None);
        };
        let [mark, what, ..] = words(head);
        if mark != MARK {
            return Err("the journal of the disk is unreadable".into());
        }
        let [_, file, number, length] = long_words(head);
        let Some((bytes, rest)) = rest.split_at_checked(usize::try_from(length)?) else {
            return Ok(None);
        };
        let entry = Entry {
            what,
            file,
            number,
            bytes,
        };
        Ok(Some((entry, rest)))
    }

    fn path(&self) -> Result<PathBuf, Problem> {
        Ok(std::str::from_utf8(self.bytes)?.into())
    }
}

fn words(head: &[u8]) -> [u32; 2] {
    let mut words = head
        .chunks_exact(4)
        .map(|word| u32::from_ne_bytes(word.try_into().unwrap_or_default()));
    std::array::from_fn(|_| words.next().unwrap_or_default())
}

fn long_words(head: &[u8]) -> [u64; 4] {
    let mut words = head
        .chunks_exact(8)
        .map(|word| u64::from_ne_bytes(word.try_into().unwrap_or_default()));
    std::array::from_fn(|_| words.next().unwrap_or_default())
}

/// The disk while the journal is read.
#[derive(Default)]
struct Disk {
    files: Vec<Content>,
    by_inode: HashMap<u64, usize>,
    /// The names that programs see, and those that last.
    names: BTreeMap<PathBuf, usize>,
    lasting: BTreeMap<PathBuf, usize>,
    renames: Vec<(u64, Rename)>,
}

/// A file's content.
#[derive(Default)]
struct Content {
    lasting: Vec<u8>,
    /// What was done since, each with the place in the journal where it ended.
    pending: Vec<(u64, Change)>,
}

enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Cut { size: usize },
}

enum Rename {
    Appeared(PathBuf, usize),
    Went(PathBuf),
}

impl Disk {
    fn new(image: Image) -> Self {
        let mut disk = Self::default();
        for (path, lasting) in image.files {
            let file = disk.add(lasting);
            disk.names.insert(path.clone(), file);
            disk.lasting.insert(path, file);
        }
        disk
    }

    fn add(&mut self, lasting: Vec<u8>) -> usize {
        self.files.push(Content {
            lasting,
            pending: Vec::new(),
        });
        self.files.len() - 1
    }

    fn take(&mut self, entry: &Entry<'_>, end: u64) -> Result<(), Problem> {
        match entry.what {
            1 => {
                let (at, bytes) = (usize::try_from(entry.number)?, entry.bytes.to_vec());
                self.change(entry.file, end, Change::Write { at, bytes })?;
            }
            2 => {
                let size = usize::try_from(entry.number)?;
                self.change(entry.file, end, Change::Cut { size })?;
            }
            3 => self.file(entry.file)?.last_until(entry.number),
            4 => self.open(entry.file, entry.number != 0, entry.path()?, end),
            5 => self.names_last_until(&entry.path()?, entry.number),
            6 => {
                let path = entry.path()?;
                self.names.remove(&path);
                self.renames.push((end, Rename::Went(path)));
            }
            7 => {
                let both = std::str::from_utf8(entry.bytes)?;
                let (from, to) = both.split_once('\0').ok_or("a rename without two names")?;
                let (from, to) = (PathBuf::from(from), PathBuf::from(to));
                let file = self.names.remove(&from).ok_or("a rename of nothing")?;
                self.names.insert(to.clone(), file);
                self.renames.push((end, Rename::Appeared(to, file)));
                self.renames.push((end, Rename::Went(from)));
            }
            other => return Err(format!("the journal holds an unknown entry {other}").into()),
        }
        Ok(())
    }

    fn open(&mut self, inode: u64, is_new: bool, path: PathBuf, end: u64) {
        let known = self.names.get(&path).copied().filter(|_| !is_new);
        let file = known.unwrap_or_else(|| {
            let file = self.add(Vec::new());
            self.names.insert(path.clone(), file);
            self.renames.push((end, Rename::Appeared(path, file)));
            file
        });
        self.by_inode.insert(inode, file);
    }

    fn file(&mut self, inode: u64) -> Result<&mut Content, Problem> {
        let file = self.by_inode.get(&inode).copied();
        let content = file.and_then(|file| self.files.get_mut(file));
        Ok(content.ok_or("the journal tells of a file that was never opened")?)
    }

    fn change(&mut self, inode: u64, end: u64, change: Change) -> Result<(), Problem> {
        self.file(inode)?.pending.push((end, change));
        Ok(())
    }

    fn names_last_until(&mut self, folder: &Path, until: u64) {
        let renames = std::mem::take(&mut self.renames);
        for (end, rename) in renames {
            if end <= until && rename.folder() == Some(folder) {
                rename.apply(&mut self.lasting);
            } else {
                self.renames.push((end, rename));
            }
        }
    }

    /// Lets a random half of what was not synced last all the same.
    fn keep_some(&mut self, luck: &mut Random) {
        for content in &mut self.files {
            for (_, change) in std::mem::take(&mut content.pending) {
                change.apply_torn(&mut content.lasting, luck);
            }
        }
        for (_, rename) in std::mem::take(&mut self.renames) {
            if luck.below(2) == 0 {
                rename.apply(&mut self.lasting);
            }
        }
    }

    fn into_image(self) -> Image {
        let content = |file: usize| self.files.get(file).map(|file| file.lasting.clone());
        let files = self
            .lasting
            .iter()
            .filter_map(|(path, file)| Some((path.clone(), content(*file)?)));
        Image {
            files: files.collect(),
        }
    }
}

impl Content {
    fn last_until(&mut self, until: u64) {
        for (end, change) in std::mem::take(&mut self.pending) {
            if end <= until {
                change.apply(&mut self.lasting);
            } else {
                self.pending.push((end, change));
            }
        }
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => write(content, *at, bytes),
            Self::Cut { size } => content.resize(*size, 0),
        }
    }

    /// Applies each sector of it, or not, as chance has it.
    fn apply_torn(&self, content: &mut Vec<u8>, luck: &mut Random) {
        match self {
            Self::Write { at, bytes } => {
                let mut at = *at;
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let to_edge = (SECTOR - at % SECTOR).min(rest.len());
                    let (sector, after) = rest.split_at(to_edge);
                    if luck.below(2) == 0 {
                        write(content, at, sector);
                    }
                    at += to_edge;
                    rest = after;
                }
            }
            Self::Cut { .. } if luck.below(2) == 0 => {}
            Self::Cut { .. } => self.apply(content),
        }
    }
}

impl Rename {
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Appeared(path, _) | Self::Went(path) => path.parent(),
        }
    }

    fn apply(self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Appeared(path, file) => drop(names.insert(path, file)),
            Self::Went(path) => drop(names.remove(&path)),
        }
    }
}

/// Writes into a file, which grows with zeros where it is too short.
fn write(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    if let Some(place) = content.get_mut(at..end) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "/data";
    const FILE: &str = "/data/kassa.db";

    #[derive(Default)]
    struct Journal(Vec<u8>);

    impl Journal {
        fn note(mut self, what: u32, file: u64, number: u64, bytes: &[u8]) -> Self {
            for word in [MARK, what] {
                self.0.extend(word.to_ne_bytes());
            }
            for word in [file, number, bytes.len() as u64] {
                self.0.extend(word.to_ne_bytes());
            }
            self.0.extend(bytes);
            self
        }

        fn created(self) -> Self {
            self.note(4, 7, 1, FILE.as_bytes())
        }

        fn written(self, at: u64, bytes: &[u8]) -> Self {
            self.note(1, 7, at, bytes)
        }

        fn synced(self) -> Self {
            let until = self.0.len() as u64;
            self.note(3, 7, until, &[])
        }

        fn folder_synced(self) -> Self {
            let until = self.0.len() as u64;
            self.note(5, 0, until, FOLDER.as_bytes())
        }

        fn leaves(&self, luck: Option<&mut Random>) -> Option<Vec<u8>> {
            let image = Image::default().after(&self.0, luck).unwrap();
            image.files.get(Path::new(FILE)).cloned()
        }
    }

    #[test]
    fn what_was_synced_stays_and_the_rest_goes() {
        let journal = Journal::default().created().written(0, b"one");
        let journal = journal.folder_synced().synced();
        let journal = journal.written(3, b"two").written(0, b"ONE");
        assert_eq!(journal.leaves(None).as_deref(), Some(&b"one"[..]));
        let journal = journal.synced();
        assert_eq!(journal.leaves(None).as_deref(), Some(&b"ONEtwo"[..]));
    }

    #[test]
    fn a_name_lasts_when_its_folder_was_synced() {
        let journal = Journal::default().created().written(0, b"one").synced();
        assert_eq!(journal.leaves(None), None);
        let journal = journal.folder_synced();
        assert_eq!(journal.leaves(None).as_deref(), Some(&b"one"[..]));
        let removed = journal.note(6, 0, 0, FILE.as_bytes());
        assert_eq!(removed.leaves(None).as_deref(), Some(&b"one"[..]));
        assert_eq!(removed.folder_synced().leaves(None), None);
    }

    #[test]
    fn a_sync_covers_what_was_written_before_it_began() {
        let journal = Journal::default().created().folder_synced();
        let begun = journal.0.len() as u64;
        let journal = journal.written(0, b"late").note(3, 7, begun, &[]);
        assert_eq!(journal.leaves(None), Some(Vec::new()));
    }

    #[test]
    fn with_luck_whole_sectors_stay() {
        let journal = Journal::default().created().folder_synced();
        let journal = journal.written(0, &[1; 64 * SECTOR]);
        let mut content = journal.leaves(Some(&mut Random::new(3))).unwrap();
        content.resize(64 * SECTOR, 0);
        let kept = content
            .chunks(SECTOR)
            .filter(|sector| *sector == [1; SECTOR]);
        let lost = content
            .chunks(SECTOR)
            .filter(|sector| *sector == [0; SECTOR]);
        let (kept, lost) = (kept.count(), lost.count());
        assert_eq!(kept + lost, 64);
        assert!((16..=48).contains(&kept), "{kept}");
    }

    #[test]
    fn an_entry_that_was_cut_off_is_none() {
        let journal = Journal::default().created().written(0, b"one");
        let mut journal = journal.folder_synced().synced();
        journal.0.pop();
        assert_eq!(journal.leaves(None), Some(Vec::new()));
        assert!(Image::default().after(&[0; HEAD], None).is_err());
    }
}
