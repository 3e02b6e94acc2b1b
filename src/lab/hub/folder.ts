// Where the files of one pulled model are kept: a folder of the disk, or of the origin's private file system.

/** Hashes that hubs give: of files that Git LFS keeps SHA-256, of others Git's own, which is SHA-1. */
export type HashKind = 'sha256' | 'sha1';

/** A file that is being written. */
export interface Appending {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** What a pull needs of a folder. What fails for want of room is a LabError of kind storageFull. */
export interface ModelFolder {
  /** Bytes of a file; undefined where there is none. */
  sizeOf(name: string): Promise<number | undefined>;
  /** The hash of some bytes and a file's after them, in hexadecimal. */
  hash(name: string, kind: HashKind, before: Uint8Array): Promise<string>;
  /** Opens a file to be written from a byte on; what stood behind that is dropped. */
  append(name: string, at: number): Promise<Appending>;
  /** Writes a small file, whole or not at all. */
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Nothing happens where there is none. */
  remove(name: string): Promise<void>;
}
