export default [
  { file: 'made.json', name: 'Made', type: 'rev-proxy', version: '1' },
  { file: '../package.json', name: 'Elsewhere', type: 'cdn', version: '2' }
]
