import { expect, it } from 'vitest'
import { isForeignUrl, isLoopbackUrl } from '../../../shared/foreign-url.ts'

it.each([
  'https://api.openai.com/v1',
  'https://api.example:8443/v1/',
  'https://8.8.8.8/v1',
  'https://172.15.0.1/',
  'https://172.32.0.1/',
  'https://100.63.0.1/',
  'https://100.128.0.1/',
  'https://[2606:4700:4700::1111]/v1',
  'https://xn--bcher-kva.example/',
])('an address of somebody else: %s', (address) => {
  expect(isForeignUrl(address)).toBe(true)
  expect(isLoopbackUrl(address)).toBe(false)
})

it.each([
  ['plain', 'http://api.openai.com/v1'],
  ['another scheme', 'ftp://api.openai.com/v1'],
  ['none', 'no address'],
  ['a name without a dot', 'https://vllm/v1'],
  ['a name that ends with one', 'https://vllm./v1'],
  ['metadata by name', 'https://metadata.google.internal/computeMetadata/v1'],
  ['metadata by name, with the root', 'https://metadata.google.internal./'],
  ['a name of the home', 'https://printer.local/'],
  ['this machine by name', 'https://localhost/'],
  ['this machine by name, with the root', 'https://localhost./'],
  ['this machine under a name', 'https://api.localhost/'],
  ['loopback', 'https://127.0.0.1/'],
  ['loopback, short', 'https://127.1/'],
  ['loopback, decimal', 'https://2130706433/'],
  ['loopback, hexadecimal', 'https://0x7f.0.0.1/'],
  ['loopback, octal', 'https://0177.0.0.1/'],
  ['loopback, wide digits', 'https://１２７.0.0.1/'],
  ['loopback, with the root', 'https://127.0.0.1./'],
  ['any address', 'https://0.0.0.0/'],
  ['metadata', 'https://169.254.169.254/latest/meta-data'],
  ['metadata, decimal', 'https://2852039166/'],
  ['metadata, hexadecimal', 'https://0xa9fea9fe/'],
  ['metadata, octal', 'https://0251.0376.0251.0376/'],
  ['10/8', 'https://10.1.2.3/'],
  ['172.16/12', 'https://172.31.255.255/'],
  ['192.168/16', 'https://192.168.0.1/'],
  ['carriers', 'https://100.100.100.200/'],
  ['benchmarks', 'https://198.18.0.1/'],
  ['multicast', 'https://224.0.0.1/'],
  ['broadcast', 'https://255.255.255.255/'],
  ['loopback of IPv6', 'https://[::1]/'],
  ['any address of IPv6', 'https://[::]/'],
  ['mapped loopback', 'https://[::ffff:127.0.0.1]/'],
  ['mapped metadata', 'https://[::ffff:169.254.169.254]/'],
  ['mapped metadata, hexadecimal', 'https://[::ffff:a9fe:a9fe]/'],
  ['compatible', 'https://[::127.0.0.1]/'],
  ['translated', 'https://[64:ff9b::169.254.169.254]/'],
  ['6to4', 'https://[2002:7f00:1::]/'],
  ['Teredo', 'https://[2001:0:4136:e378::]/'],
  ['unique local', 'https://[fd00:ec2::254]/'],
  ['link local', 'https://[fe80::1]/'],
  ['multicast of IPv6', 'https://[ff02::1]/'],
  ['documents', 'https://[2001:db8::1]/'],
])('no address of somebody else: %s', (_, address) => {
  expect(isForeignUrl(address)).toBe(false)
})

it.each([
  'http://localhost:8000/v1',
  'http://127.0.0.1:8000',
  'http://127.1:8000',
  'http://[::1]:8000',
  'https://[::ffff:127.0.0.1]/',
])('this machine: %s', (address) => {
  expect(isLoopbackUrl(address)).toBe(true)
})
