/** The image's version as statements name it. A test holds it equal to package.json's. */
export const IMAGE_VERSION = '0.1.0';
