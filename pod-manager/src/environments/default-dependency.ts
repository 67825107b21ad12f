/**
 * Import names whose distribution has another name: the well-known ones only. The longest dotted prefix of the import
 * name counts.
 */
const DISTRIBUTIONS: ReadonlyMap<string, string> = new Map([
  ["attr", "attrs"],
  ["bs4", "beautifulsoup4"],
  ["Crypto", "pycryptodome"],
  ["cv2", "opencv-python-headless"],
  ["dateutil", "python-dateutil"],
  ["dotenv", "python-dotenv"],
  ["faiss", "faiss-cpu"],
  ["fitz", "PyMuPDF"],
  ["git", "GitPython"],
  ["google.cloud.bigquery", "google-cloud-bigquery"],
  ["google.cloud.storage", "google-cloud-storage"],
  ["google.protobuf", "protobuf"],
  ["grpc", "grpcio"],
  ["jwt", "PyJWT"],
  ["MySQLdb", "mysqlclient"],
  ["OpenSSL", "pyOpenSSL"],
  ["PIL", "pillow"],
  ["psycopg2", "psycopg2-binary"],
  ["serial", "pyserial"],
  ["skimage", "scikit-image"],
  ["sklearn", "scikit-learn"],
  ["usb", "pyusb"],
  ["yaml", "PyYAML"],
  ["zmq", "pyzmq"],
]);

/** The requirements of a module that names none. */
export function defaultDependencies(importName: string, stdlib: ReadonlySet<string>): readonly string[] {
  const parts = importName.split(".");
  for (let length = parts.length; length > 0; length--) {
    const distribution = DISTRIBUTIONS.get(parts.slice(0, length).join("."));
    if (distribution !== undefined) return [distribution];
  }
  const top = parts[0] ?? "";
  return top === "" || stdlib.has(top) ? [] : [top];
}
